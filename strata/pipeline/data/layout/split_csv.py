"""CSV file with the class of each image and, if it has the column, its split."""

import csv
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from strata.errors import InputError, nearest
from strata.pipeline.data.layout.names import SPLIT_WORDS, normalized_name
from strata.pipeline.data.layout.tree import Tree

#: Names of each column, the preferred first, as they are compared: lower case letters only.
COLUMNS: dict[str, tuple[str, ...]] = {
    "class": (
        *("class", "classname", "label", "labelname", "category", "categoryname", "target"),
        *("classid", "labelid", "categoryid"),
    ),
    "file": (
        *("file", "filename", "path", "filepath", "image", "imagename", "imagefile", "imagepath"),
        *("img", "imgname", "imgpath", "imageid", "id"),
    ),
    "split": ("split", "subset", "partition"),
}
#: Characters that may separate the columns.
_DELIMITERS = ",;\t"


@dataclass(frozen=True)
class SplitRow:
    """One row: line number, class, file name and split ("train" or "test") of an image.

    `split` is None in a file without that column.
    """

    line: int
    label: str
    file: str
    split: str | None


@dataclass(frozen=True)
class SplitTable:
    """Rows of the file, and the names that its columns have: {"class": "label", ...}."""

    rows: list[SplitRow]
    columns: dict[str, str]

    @property
    def notes(self) -> list[str]:
        """A sentence on the columns that were taken, unless they have the usual names."""
        if all(name.lower() == role for role, name in self.columns.items()):
            return []
        told = ", ".join(f"'{name}' as the {role}" for role, name in self.columns.items())
        return [f"columns of the split file: {told}"]


def read_split(path: Path) -> SplitTable:
    """Read a CSV file with columns for class, file and, optionally, split, in any order.

    Raises:
        InputError: the file is unreadable, lacks a column, has no rows or malformed ones (the first
            few are named).
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            delimiter = _delimiter(stream.readline())
            stream.seek(0)
            reader = csv.reader(stream, delimiter=delimiter)
            header = [name.strip() for name in next(reader, [])]
            if _is_of_predictions(header):
                raise InputError(
                    f"{path} holds predictions of `strata predict`, and no labels.",
                    "Rename its columns to class and file if predictions are to be labels.",
                )
            columns = _columns(path, header)
            rows = list(_rows(path, reader, len(header), columns))
    except OSError as error:
        raise InputError(f"The split file {path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"The split file {path} is not CSV in UTF-8: {error}.", "Save it as CSV in UTF-8."
        ) from error
    if not rows:
        raise InputError(
            f"The split file {path} names no images.",
            "Below the first line, each line names the class and the file of one image.",
        )
    return SplitTable(rows, {role: header[index] for role, index in columns.items()})


def label_tables(folder: Path, names: Iterable[str]) -> list[str]:
    """Return those of the files in a folder that are CSV with columns for class and file.

    Predictions of this program, which have such columns too, are none.
    """
    return [
        name
        for name, header in _headers(folder, names)
        if {"class", "file"} <= _found(header).keys() and not _is_of_predictions(header)
    ]


def prediction_tables(folder: Path, names: Iterable[str]) -> list[str]:
    """Return those of the files in a folder that `strata predict --csv` has written."""
    return [name for name, header in _headers(folder, names) if _is_of_predictions(header)]


def _headers(folder: Path, names: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield the CSV files of a folder, by name, and their column names."""
    for name in sorted(names):
        if "/" in name or os.path.splitext(name)[1].lower() not in (".csv", ".tsv"):
            continue
        try:
            with open(folder / name, encoding="utf-8-sig", newline="") as stream:
                first = stream.readline(10_000)
            header = next(csv.reader([first], delimiter=_delimiter(first)), [])
        except (OSError, UnicodeDecodeError, csv.Error):
            continue
        yield name, header


def tables_beside(root: Path, tree: Tree) -> list[str]:
    """Return CSV files of labels in a folder or beside it, relative to the folder."""
    found = label_tables(root, tree.others)
    try:
        above = [entry.name for entry in os.scandir(root.parent) if entry.is_file()]
    except OSError:
        above = []
    return found or [f"../{name}" for name in label_tables(root.parent, above)]


def _delimiter(line: str) -> str:
    return max(_DELIMITERS, key=line.count)


def _is_of_predictions(header: Sequence[str]) -> bool:
    """Test for the columns that `strata predict --csv` begins with."""
    return list(header[:2]) == ["path", "class"] and header[2:3] in (["probability"], ["score"])


def _found(header: Sequence[str]) -> dict[str, int]:
    """Index of the column of each role, as far as there is one."""
    names = ["".join(filter(str.isalpha, name.lower())) for name in header]
    found = {}
    for role, known in COLUMNS.items():
        index = next((names.index(name) for name in known if name in names), None)
        if index is not None:
            found[role] = index
    return found


def _columns(path: Path, header: list[str]) -> dict[str, int]:
    found = _found(header)
    for role in ("class", "file"):
        if role not in found:
            raise InputError(
                f"The split file {path} has no column '{role}'.",
                "Its first line must name the columns class and file, and may name split. "
                f"{nearest(role, (name[:40] for name in header[:20]))}",
            )
    return found


def _rows(
    path: Path, reader: Iterator[list[str]], width: int, columns: dict[str, int]
) -> Iterator[SplitRow]:
    """Yield the well-formed rows; at the end raise InputError if some are malformed."""
    wrong = []
    for cells in reader:
        line = reader.line_num  # type: ignore[attr-defined]
        cells = [cell.strip() for cell in cells]
        if not any(cells):
            continue
        if len(cells) != width:
            wrong.append(f"line {line}: {len(cells)} fields instead of {width}")
            continue
        label, file = cells[columns["class"]], cells[columns["file"]]
        split = cells[columns["split"]] if "split" in columns else None
        kind = SPLIT_WORDS.get(split.lower()) if split is not None else None
        if not label or not file:
            wrong.append(f"line {line}: class or file is empty")
        elif split is not None and kind is None:
            wrong.append(f"line {line}: split is '{split}', not train or test")
        else:
            part = None if kind is None else "test" if kind == "test" else "train"
            file = normalized_name(file.replace("\\", "/"))
            yield SplitRow(line, normalized_name(label), file, part)
    if wrong:
        told = "; ".join(wrong[:5]) + (f"; and {len(wrong) - 5} more" if len(wrong) > 5 else "")
        raise InputError(f"The split file {path} is malformed: {told}.")
