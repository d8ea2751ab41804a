"""Classes and splits read off the names of folders."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from strata.errors import InputError
from strata.image_io import SUFFIXES
from strata.pipeline.data.layout.names import counted, some, spelling, split_name
from strata.pipeline.data.layout.notes import notes_on_files, notes_on_places, notes_on_tables
from strata.pipeline.data.layout.split_csv import tables_beside
from strata.pipeline.data.layout.split_folders import FolderLayout, Place
from strata.pipeline.data.layout.tree import SourceFile, Tree, source_file
from strata.text import utf8


@dataclass(frozen=True)
class ClassFolders:
    """Images with class and split read off the names of their folders.

    Attributes:
        files: the images, sorted by id; subfolders of a class folder belong to its class.
        empty: class folders without images.
        notes: sentences on files left out and on choices made.
    """

    files: list[SourceFile]
    empty: list[str]
    notes: list[str]


def read_class_folders(root: Path, tree: Tree, *, allow_empty: bool = False) -> ClassFolders:
    """Read classes and splits off the names of folders.

    Args:
        root: the folder.
        tree: its contents, from `walk`.
        allow_empty: report class folders without images instead of refusing them.

    Raises:
        InputError: there are no class folders, empty ones (unless allowed), fewer than two
            classes, or test images of a class without training images.
    """
    layout = FolderLayout(tree)
    places = {relative: layout.place(relative) for relative in tree.images}
    _check_class_folders(root, tree, layout)
    has_test = "test" in layout.kinds
    files = [
        source_file(root, relative, place.label, _part(place) if has_test else None)
        for relative, place in places.items()
        if place
    ]
    check_unique(files)
    found = {place.folder for place in places.values() if place}
    empty = [f for f in tree.folders if layout.is_class_folder(f) and f not in found]
    if empty and not allow_empty:
        raise InputError(
            f"Class folders without images in {root}: {some(empty)}.",
            f"Remove them, or put images there ({', '.join(sorted(SUFFIXES))}).",
        )
    _check_classes(root, tree, layout, files, empty)
    notes = [*notes_on_files(tree), *notes_on_tables(root, tree), *notes_on_places(layout, places)]
    return ClassFolders(sorted(files, key=lambda file: file.id), empty, notes)


def _part(place: Place) -> str:
    return "test" if place.kind == "test" else "train"


def check_unique(files: list[SourceFile]) -> None:
    """Refuse images whose paths differ in bytes that are no text, but are printed alike.

    Raises:
        InputError: naming them.
    """
    twice = [name for name, count in Counter(f.id for f in files).items() if count > 1]
    if twice:
        raise InputError(
            f"Several images have names that are printed alike: {some(twice)}.",
            "Rename those whose names are not UTF-8.",
        )


def _check_class_folders(root: Path, tree: Tree, layout: FolderLayout) -> None:
    """Refuse folders without images, without class folders, and without training images.

    Raises:
        InputError: saying what is there instead.
    """
    if not tree.images:
        found = "".join(f" ({note})" for note in notes_on_files(tree)[-1:])
        raise InputError(
            f"No images in {root}{found}.",
            "Give the folder that holds one folder of images for each class. "
            f"Files with these suffixes are read: {', '.join(sorted(SUFFIXES))}.",
        )
    tops = Counter(image.split("/")[0] for image in tree.images if "/" in image)
    if not tops:
        raise InputError(
            f"{counted(len(tree.images), 'image')} in {root}, but no class folders.",
            _hint_on_tables(root, tree),
        )
    names = [split_name(top) for top in tops]
    if layout.split or layout.inner or None in names:
        return
    nested = {image.split("/")[0] for image in tree.images if image.count("/") > 1}
    flat = [f"{utf8(top)}/ ({counted(tops[top], 'image')})" for top in tops.keys() - nested]
    if flat:
        raise InputError(
            f"No class folders in {', '.join(sorted(flat))} of {root}.",
            _hint_on_tables(root, tree),
        )
    if not any(name and name.kind == "train" for name in names):
        raise InputError(
            f"No training images in {root}: only {some(sorted(tops))}.",
            "A train/ folder with one folder for each class is needed beside it.",
        )


def _hint_on_tables(root: Path, tree: Tree) -> str:
    tables = tables_beside(root, tree)
    if not tables:
        return (
            "Put the images of each class into a folder of its name, "
            "or name classes in a CSV file with the columns class,file,split."
        )
    return (
        f'{tables[0]} names classes: add split = "{tables[0]}" under [data] '
        f"(`strata data audit` takes it as --split {tables[0]})."
    )


def _check_classes(
    root: Path, tree: Tree, layout: FolderLayout, files: list[SourceFile], empty: list[str]
) -> None:
    """Refuse classes with test images only, and a single class.

    Raises:
        InputError: naming the classes; the hint suggests the folder that is meant.
    """
    train = {file.label for file in files if file.split != "test"}
    only_test = sorted({file.label for file in files} - train)
    if only_test:
        known = {spelling(label): label for label in train}
        alike = [(n, known[spelling(n)]) for n in only_test if spelling(n) in known]
        told = "".join(f" '{test}' is '{label}' there." for test, label in alike[:3])
        raise InputError(
            f"Classes with test images but without training images in {root}: {some(only_test)}.",
            f"Class folders must have the same names in train/ and test/.{told}",
        )
    if len(train) == 1 and not empty:
        (label,) = train
        hint = "Classification needs images of at least two classes, one folder each."
        inner = sorted({file.id.split("/")[1] for file in files if file.id.count("/") > 1})
        if not layout.split and inner:
            hint = f"If its folders ({some(inner)}) are the classes, give {root / label} instead."
        if not layout.split and tables_beside(root, tree):
            hint = _hint_on_tables(root, tree)
        raise InputError(f"Only one class in {root}: '{label}'.", hint)
