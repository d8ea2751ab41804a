"""Folder layouts: list the images below a folder; read class and split off folder names."""

import os
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from strata.errors import InputError
from strata.image_io import SUFFIXES

TRAIN_NAMES = frozenset({"train", "training"})
VALIDATION_NAMES = frozenset({"val", "valid", "validation"})
TEST_NAMES = frozenset({"test", "testing"})
SPLIT_NAMES = TRAIN_NAMES | VALIDATION_NAMES | TEST_NAMES

#: Files and folders left behind by operating systems; skipped silently, like hidden files.
_JUNK = frozenset({"__macosx", "thumbs.db", "desktop.ini", "$recycle.bin", "__pycache__"})


@dataclass(frozen=True, slots=True)
class SourceFile:
    """An image before it is read.

    Attributes:
        id: posix path relative to the root; bytes that are not UTF-8 become backslash escapes.
        path: the file.
        label: class name.
        split: "train" or "test"; None where the data brings no split.
    """

    id: str
    path: Path
    label: str
    split: str | None


@dataclass
class Tree:
    """Contents of a folder, recursively.

    Attributes:
        images: relative paths of files with an image suffix.
        others: relative paths of all other files.
        folders: relative paths of the folders.
        unreadable: relative path -> reason, of folders that cannot be listed, and of pipes and
            devices named like images.
    """

    images: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)


def walk(root: Path) -> Tree:
    """List a folder recursively, sorted by name; links are followed, but not in cycles.

    Raises:
        InputError: the folder itself cannot be listed.
    """
    tree = Tree()

    def visit(folder: str, prefix: str, above: tuple[tuple[int, int], ...]) -> None:
        try:
            stat = os.stat(folder)
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            if not prefix:
                raise InputError(
                    f"The folder {folder} cannot be listed: {error.strerror}."
                ) from error
            tree.unreadable[tree.folders.pop()] = (
                f"a folder that cannot be listed ({error.strerror})"
            )
            return
        if (stat.st_dev, stat.st_ino) in above:
            return
        for entry in entries:
            name = entry.name
            if is_junk(name):
                continue
            relative = prefix + name
            if _is_folder(entry):
                tree.folders.append(relative)
                visit(entry.path, relative + "/", (*above, (stat.st_dev, stat.st_ino)))
            elif os.path.splitext(name)[1].lower() not in SUFFIXES:
                tree.others.append(relative)
            elif _is_read(entry):
                tree.images.append(relative)
            else:
                tree.unreadable[relative] = "a pipe or a device, not a file"

    visit(str(root), "", ())
    return tree


def _is_read(entry: "os.DirEntry[str]") -> bool:
    """Test that opening an entry cannot block: it is no pipe, socket or device.

    A link that leads nowhere or to itself passes; reading it reports the error.
    """
    return not os.path.exists(entry.path) or entry.is_file()


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def is_junk(name: str) -> bool:
    """Test whether a name is hidden or one that operating systems leave behind."""
    return name.startswith(".") or name.lower() in _JUNK


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
    notes = _notes_on_other_files(tree)
    splits = _split_folders(tree)
    has_test = any(name.lower() in TEST_NAMES for name in splits)
    files, stray, found = [], [], set()
    for relative in tree.images:
        parts = relative.split("/")
        depth = 1 if splits else 0
        if len(parts) < depth + 2 or (splits and parts[0] not in splits):
            stray.append(relative)
            continue
        found.add("/".join(parts[: depth + 1]))
        split = ("test" if parts[0].lower() in TEST_NAMES else "train") if has_test else None
        files.append(source_file(root, relative, parts[depth], split))
    if not files:
        raise _no_classes(root, tree)
    empty = _empty_classes(tree, splits, found)
    if empty and not allow_empty:
        raise InputError(
            f"Class folders without images in {root}: {_some(empty)}.",
            f"Remove them, or put images there ({', '.join(sorted(SUFFIXES))}).",
        )
    _check_classes(root, splits, files, empty)
    if stray:
        notes.append(
            f"{_count(len(stray), 'image')} outside of the class folders left out: {_some(stray)}"
        )
    validation = [name for name in splits if name.lower() in VALIDATION_NAMES]
    if validation:
        notes.append(f"{_some(validation)}: used as training images (folds are drawn from them)")
    if splits and not has_test:
        notes.append("no test/ folder: the images count as not split")
    return ClassFolders(sorted(files, key=lambda file: file.id), empty, notes)


def source_file(root: Path, relative: str, label: str, split: str | None) -> SourceFile:
    """Build the `SourceFile` of an image at a path relative to the root."""
    return SourceFile(printable(relative), root / relative, normalized_name(label), split)


def printable(name: str) -> str:
    """Return a file name as valid UTF-8 text, with backslash escapes for undecodable bytes."""
    if name.isascii():
        return name
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def normalized_name(name: str) -> str:
    """Normalize a name to Unicode NFC (macOS decomposes umlauts into two code points)."""
    return name if name.isascii() else unicodedata.normalize("NFC", printable(name))


def _notes_on_other_files(tree: Tree) -> list[str]:
    """Return a note on files without an image suffix, counted by suffix; [] if there are none."""
    if not tree.others:
        return []
    kinds = Counter(os.path.splitext(name)[1].lower() or "no suffix" for name in tree.others)
    told = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(4))
    return [f"{_count(len(tree.others), 'file')} not read as images by their suffix: {told}"]


def _split_folders(tree: Tree) -> list[str]:
    """Return the names of the train, validation and test folders; [] if class folders are on top.

    A class may be called "train": then it holds images directly, or it has other classes beside it
    and no test folder.
    """
    tops = [folder for folder in tree.folders if "/" not in folder]
    splits = [name for name in tops if name.lower() in SPLIT_NAMES]
    direct = {image.split("/")[0] for image in tree.images if image.count("/") == 1}
    nested = {image.split("/")[0] for image in tree.images if image.count("/") > 1}
    splits = [name for name in splits if name in nested and name not in direct]
    kinds = {_kind(name) for name in splits}
    others = (nested | direct) - set(splits)
    if "train" in kinds and (len(kinds) > 1 or not others):
        return splits
    return []


def _kind(split_name: str) -> str:
    name = split_name.lower()
    return "train" if name in TRAIN_NAMES else "test" if name in TEST_NAMES else "validation"


def _no_classes(root: Path, tree: Tree) -> InputError:
    if not tree.images:
        return InputError(
            f"No images in {root}.",
            "Give the folder that holds one folder of images for each class.",
        )
    return InputError(
        f"{_count(len(tree.images), 'image')} in {root}, but no class folders.",
        "Put the images of each class into a folder of its name, "
        "or name classes in a CSV file with the columns class,file,split.",
    )


def _empty_classes(tree: Tree, splits: list[str], found: set[str]) -> list[str]:
    depth = 1 if splits else 0
    return [
        folder
        for folder in tree.folders
        if folder.count("/") == depth
        and folder not in found
        and (not splits or folder.split("/")[0] in splits)
    ]


def _check_classes(
    root: Path, splits: list[str], files: list[SourceFile], empty: list[str]
) -> None:
    """Refuse classes with test images only, and a single class.

    Raises:
        InputError: naming the classes; the hint suggests the folder that is meant.
    """
    train = {file.label for file in files if file.split != "test"}
    only_test = sorted({file.label for file in files} - train)
    if only_test:
        raise InputError(
            f"Classes with test images but without training images in {root}: {_some(only_test)}.",
            "Class folders must have the same names in train/ and test/.",
        )
    if len(train) == 1 and not empty:
        (label,) = train
        hint = "Classification needs images of at least two classes, one folder each."
        inner = sorted({file.id.split("/")[1] for file in files if file.id.count("/") > 1})
        if not splits and label.lower() in SPLIT_NAMES:
            hint = "A train/ folder with one folder for each class is needed beside it."
        elif not splits and inner:
            hint = f"If its folders ({_some(inner)}) are the classes, give {root / label} instead."
        raise InputError(f"Only one class in {root}: '{label}'.", hint)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _some(names: list[str], most: int = 5) -> str:
    shown = ", ".join(printable(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
