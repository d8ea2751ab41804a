"""Split given by a CSV file with the columns class, file and split."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from strata.errors import InputError, nearest
from strata.pipeline.data.layout import (
    SPLIT_NAMES,
    TEST_NAMES,
    SourceFile,
    Tree,
    normalized_name,
    source_file,
)

if TYPE_CHECKING:
    import _csv

COLUMNS = ("class", "file", "split")


@dataclass(frozen=True)
class SplitRow:
    """One row: line number, class, file name and split ("train" or "test") of an image."""

    line: int
    label: str
    file: str
    split: str


@dataclass
class MatchedRows:
    """Images found for the rows, sorted by id; "class/file" of rows without an image; notes."""

    files: list[SourceFile]
    missing: list[str]
    notes: list[str]


def read_split(path: Path) -> list[SplitRow]:
    """Read the rows of a CSV file with the columns class, file and split, in any order.

    Raises:
        InputError: the file is unreadable, lacks a column or has malformed rows (the first few are
            named).
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            return list(_rows(path, csv.reader(stream)))
    except OSError as error:
        raise InputError(f"The split file {path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"The split file {path} is not CSV in UTF-8: {error}.") from error


def _rows(path: Path, reader: "_csv.Reader") -> Iterator[SplitRow]:
    """Yield the well-formed rows; at the end raise InputError if some are malformed."""
    header = [name.strip().lower() for name in next(reader, [])]
    absent = [name for name in COLUMNS if name not in header]
    if absent:
        raise InputError(
            f"The split file {path} has no column '{absent[0]}'.",
            f"Its first line must name the columns {', '.join(COLUMNS)}. "
            f"{nearest(absent[0], header)}",
        )
    wrong = []
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        row = dict(zip(header, (cell.strip() for cell in cells), strict=False))
        split = row.get("split", "").lower()
        if len(cells) != len(header):
            wrong.append(f"line {reader.line_num}: {len(cells)} fields instead of {len(header)}")
        elif not row["class"] or not row["file"]:
            wrong.append(f"line {reader.line_num}: class or file is empty")
        elif split not in SPLIT_NAMES:
            wrong.append(f"line {reader.line_num}: split is '{row['split']}', not train or test")
        else:
            part = "test" if split in TEST_NAMES else "train"
            file = row["file"].replace("\\", "/")
            yield SplitRow(
                reader.line_num, normalized_name(row["class"]), normalized_name(file), part
            )
    if wrong:
        told = "; ".join(wrong[:5]) + (f"; and {len(wrong) - 5} more" if len(wrong) > 5 else "")
        raise InputError(f"The split file {path} is malformed: {told}.")


def match_rows(root: Path, tree: Tree, rows: list[SplitRow], *, name: str) -> MatchedRows:
    """Find the image of each row below a folder.

    An image `art1.jpg` of class `coast` may be `coast/art1.jpg`, `coast/coast_art1.jpg`, or
    `coast_art1.jpg` or `art1.jpg` directly in the folder, each of them also below train/ and
    test/; the row decides on class and split.

    Args:
        root: the folder.
        tree: its contents.
        rows: rows of the CSV file.
        name: name of the CSV file, for messages.

    Raises:
        InputError: no row matches an image, or two rows contradict each other on one image.
    """
    by_name: dict[str, str] = {}
    for relative in tree.images:
        first, _, rest = relative.partition("/")
        if rest and first.lower() in SPLIT_NAMES:
            by_name.setdefault(normalized_name(rest), relative)
    by_name |= {normalized_name(relative): relative for relative in tree.images}
    chosen: dict[str, SplitRow] = {}
    missing, clashes = [], []
    for row in rows:
        relative = next((by_name[n] for n in _candidate_paths(row) if n in by_name), "")
        if not relative:
            missing.append(f"{row.label}/{row.file}")
            continue
        before = chosen.setdefault(relative, row)
        if (before.label, before.split) != (row.label, row.split):
            clashes.append(f"{relative} (lines {before.line} and {row.line})")
    if clashes:
        raise InputError(
            f"Rows of the split file {name} contradict each other: {'; '.join(clashes[:5])}"
            + (f" and {len(clashes) - 5} more." if len(clashes) > 5 else ".")
        )
    if not chosen:
        raise InputError(
            f"None of the {len(rows)} images of the split file {name} is in {root}.",
            f"The first is looked for as {' or '.join(_candidate_paths(rows[0]))}." if rows else "",
        )
    files = [source_file(root, path, row.label, row.split) for path, row in chosen.items()]
    unlisted = len(tree.images) - len(chosen)
    notes = [f"{unlisted:,} images are not in the split file and left out"] if unlisted else []
    return MatchedRows(sorted(files, key=lambda file: file.id), missing, notes)


def _candidate_paths(row: SplitRow) -> list[str]:
    """Relative paths at which a row's image may lie, most likely first."""
    label, file = row.label, row.file
    names = [f"{label}/{file}", f"{label}/{label}_{file}", f"{label}_{file}", file]
    if file.startswith(f"{label}_"):
        names.insert(1, f"{label}/{file.removeprefix(f'{label}_')}")
    return names
