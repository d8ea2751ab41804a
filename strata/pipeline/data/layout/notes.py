"""Notes on how a folder was read: files and images left out, folders of the split."""

import os
from collections import Counter, defaultdict
from pathlib import Path

from strata.pipeline.data.layout.names import counted, normalized_name, some
from strata.pipeline.data.layout.split_csv import label_tables
from strata.pipeline.data.layout.split_folders import FolderLayout, Place
from strata.pipeline.data.layout.tree import Tree
from strata.text import utf8


def notes_on_files(tree: Tree) -> list[str]:
    """Return notes on folders not entered, files that are no images, and images by content."""
    notes = []
    if tree.system:
        names = Counter(os.path.basename(folder) for folder in tree.system)
        told = [f"{name} ({count})" if count > 1 else name for name, count in names.items()]
        notes.append(f"folders of the operating system left out: {some(told)}")
    if tree.others:
        kinds = Counter(os.path.splitext(name)[1].lower() or "no suffix" for name in tree.others)
        told = [f"{count} {utf8(kind)}" for kind, count in kinds.most_common(4)]
        notes.append(f"{counted(len(tree.others), 'file')} not read as images: {', '.join(told)}")
    bare = sum(not os.path.splitext(name)[1] for name in tree.images)
    if bare:
        notes.append(f"{counted(bare, 'image')} without a suffix taken as images by the content")
    return notes


def notes_on_tables(root: Path, tree: Tree) -> list[str]:
    """Return a note on each CSV file of labels in the folder, which is not used."""
    return [
        f'{name} names classes of images and is not used (split = "{name}" under [data] uses it)'
        for name in map(utf8, label_tables(root, tree.others))
    ]


def notes_on_places(layout: FolderLayout, places: dict[str, Place | None]) -> list[str]:
    """Return notes on images left out and on the folders of the split."""
    notes = []
    unlabeled = {folder.path: 0 for folder in layout.unlabeled}
    stray = []
    for relative, place in places.items():
        if place is None:
            above = next((p for p in unlabeled if relative.startswith(p + "/")), None)
            if above is None:
                stray.append(relative)
            else:
                unlabeled[above] += 1
    for path, count in unlabeled.items():
        notes.append(
            f"{counted(count, 'image')} of {utf8(path)}/ in no class folder, so without "
            "labels, left out (`strata predict` classifies them)"
        )
    if stray:
        notes.append(
            f"{counted(len(stray), 'image')} outside of the class folders left out: {some(stray)}"
        )
    if layout.inner:
        notes.append("the folders in each class folder are taken as training and test images")
    else:
        notes += _notes_on_split(layout)
    return notes + _notes_on_forms(places)


def _notes_on_split(layout: FolderLayout) -> list[str]:
    notes = []
    unusual = [f for f in layout.split if f.path.lower() != f.name.kind]
    for kind, told in (("train", "training"), ("test", "test")):
        paths = [folder.path for folder in unusual if folder.name.kind == kind]
        if paths:
            notes.append(f"used as {told} images: {some(paths)}")
    validation = [folder.path for folder in layout.split if folder.name.kind == "validation"]
    if validation:
        notes.append(f"used as training images, as folds are drawn from them: {some(validation)}")
    if layout.split and "test" not in layout.kinds:
        notes.append("no test/ folder with classes: the images count as not split")
    return notes


def _notes_on_forms(places: dict[str, Place | None]) -> list[str]:
    """Return a note on class folders whose names look alike and are joined to one class."""
    forms = defaultdict(set)
    for place in places.values():
        if place and not place.label.isascii():
            forms[normalized_name(place.label)].add(place.label)
    joined = sorted(label for label, names in forms.items() if len(names) > 1)
    if not joined:
        return []
    return [f"folders whose names differ in their Unicode form only are one class: {some(joined)}"]
