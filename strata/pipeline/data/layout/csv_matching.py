"""Images found for the rows of a CSV file."""

import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from strata.errors import InputError
from strata.image_io import SUFFIXES
from strata.pipeline.data.layout.class_folders import check_unique
from strata.pipeline.data.layout.names import counted, normalized_name, split_name
from strata.pipeline.data.layout.split_csv import SplitRow, SplitTable
from strata.pipeline.data.layout.tree import SourceFile, Tree, source_file


@dataclass
class MatchedRows:
    """Images found for the rows, sorted by id; "class/file" of rows without an image; notes."""

    files: list[SourceFile]
    missing: list[str]
    notes: list[str]


def match_rows(root: Path, tree: Tree, table: SplitTable, *, name: str) -> MatchedRows:
    """Find the image of each row below a folder.

    An image `art1.jpg` of class `coast` may be `coast/art1.jpg`, `coast/coast_art1.jpg`, or
    `coast_art1.jpg` or `art1.jpg` directly in the folder, each of them also below folders that are
    no classes, such as train/ or images/; the row decides on class and split. A name without a
    suffix may be that of an image without its suffix. A path may begin above the folder.

    Args:
        root: the folder.
        tree: its contents.
        table: rows of the CSV file. If they have no split, and the images lie in both a train/ and
            a test/ folder, that is their split.
        name: name of the CSV file, for messages.

    Raises:
        InputError: no row matches an image, a row matches several, two rows contradict each other
            on one image, or there is only one class.
    """
    rows = table.rows
    index = _Index(tree, rows)
    chosen: dict[str, SplitRow] = {}
    missing, clashes, unclear = [], [], []
    for row in rows:
        found = index.images_of(row)
        if len(found) > 1:
            unclear.append(f"line {row.line}: {row.file} ({' or '.join(found[:3])})")
        if len(found) != 1:
            missing.append(f"{row.label}/{row.file}")
            continue
        before = chosen.setdefault(found[0], row)
        if (before.label, before.split) != (row.label, row.split):
            clashes.append(f"{found[0]} (lines {before.line} and {row.line})")
    if clashes:
        raise InputError(f"Rows of the split file {name} contradict each other: {_first(clashes)}.")
    if unclear:
        raise InputError(
            f"Rows of the split file {name} fit several images: {_first(unclear)}.",
            "Write their paths, from the folder of the images on.",
        )
    if not chosen:
        raise InputError(
            f"None of the {len(rows)} images of the split file {name} is in {root}.",
            f"The first is looked for as {' or '.join(_candidate_paths(rows[0]))}.",
        )
    if len({row.label for row in rows}) == 1:
        raise InputError(
            f"Only one class in the split file {name}: '{rows[0].label}'.",
            "Classification needs images of at least two classes.",
        )
    splits, notes = _splits(chosen)
    files = [source_file(root, path, row.label, splits[path]) for path, row in chosen.items()]
    check_unique(files)
    unlisted = len(tree.images) - len(chosen)
    if unlisted:
        notes.append(f"{counted(unlisted, 'image')} not in the split file left out")
    return MatchedRows(sorted(files, key=lambda file: file.id), missing, [*table.notes, *notes])


def _splits(chosen: dict[str, SplitRow]) -> tuple[dict[str, str | None], list[str]]:
    """Split of each image: of its row, else of the folders on top if they have all parts."""
    given = {path: row.split for path, row in chosen.items()}
    if any(given.values()):
        return given, []
    names = {path: split_name(path.split("/")[0]) for path in chosen if "/" in path}
    kinds = {name.kind for name in names.values() if name}
    if len(names) < len(chosen) or None in names.values() or not {"train", "test"} <= kinds:
        return given, []
    found: dict[str, str | None] = {
        path: "test" if name and name.kind == "test" else "train" for path, name in names.items()
    }
    return found, ["the split file has no column 'split': the folders train/ and test/ count"]


class _Index:
    """Images of a tree by the names that rows may give them."""

    def __init__(self, tree: Tree, rows: list[SplitRow]) -> None:
        self._labels = {row.label for row in rows}
        bare = not all(_has_suffix(row.file) for row in rows)
        self._whole = {normalized_name(relative): relative for relative in tree.images}
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for name, relative in self._whole.items():
            for key in self._without_containers(name):
                self._by_name[key].append(relative)
                if bare and _has_suffix(key):  # no name of a file ends with a slash
                    self._by_name[os.path.splitext(key)[0] + "/"].append(relative)

    def _without_containers(self, name: str) -> list[str]:
        """The path itself, and what is left of it below folders that are no classes."""
        parts = name.split("/")
        found = []
        for start in range(len(parts)):
            found.append("/".join(parts[start:]))
            if parts[start] in self._labels:
                break
        return found

    def images_of(self, row: SplitRow) -> list[str]:
        """Images that a row may mean, by the first of its names that fits one."""
        bare = not _has_suffix(row.file)
        for name in _candidate_paths(row):
            if name in self._whole:
                return [self._whole[name]]
            found = self._by_name.get(name) or (self._by_name.get(name + "/") if bare else None)
            if found:
                return self._of_split(found, row)
        for name in self._without_containers(row.file):
            if name in self._whole:
                return [self._whole[name]]
        return []

    @staticmethod
    def _of_split(found: list[str], row: SplitRow) -> list[str]:
        """Those of several images that lie in the folder of the row's split, else all.

        Rows without a split mean training images: published test images have no labels.
        """
        if len(found) < 2:
            return found
        names = {path: split_name(path.split("/")[0]) for path in found}
        fits = [p for p, n in names.items() if n and (n.kind == "test") == (row.split == "test")]
        return fits or found


def _candidate_paths(row: SplitRow) -> list[str]:
    """Relative paths at which a row's image may lie, most likely first."""
    label, file = row.label, row.file.removeprefix("./")
    names = [f"{label}/{file}", f"{label}/{label}_{file}", f"{label}_{file}", file]
    if file.startswith(f"{label}_"):
        names.insert(1, f"{label}/{file.removeprefix(f'{label}_')}")
    return names


def _has_suffix(name: str) -> bool:
    """Test whether a name ends as that of an image does."""
    return os.path.splitext(name)[1].lower() in SUFFIXES


def _first(told: list[str]) -> str:
    return "; ".join(told[:5]) + (f" and {len(told) - 5} more" if len(told) > 5 else "")
