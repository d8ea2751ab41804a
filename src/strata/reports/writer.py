"""Write a report's files: the page, the table, the numbers."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from strata.errors import StrataError
from strata.reports.analysis import analyse
from strata.reports.export import json_text
from strata.reports.results import Comparison
from strata.reports.tables import csv_text


class ReportFiles(NamedTuple):
    """Where the files of a report are."""

    html: Path
    csv: Path
    json: Path


def write_report(
    comparison: Comparison, out: Path, *, thumbnail: Callable[[str], np.ndarray]
) -> ReportFiles:
    """Write `report.html`, `results.csv` and `results.json` into the folder `out`.

    Each file is written beside its place and renamed into it, so that a reader never meets half a
    file. Methods without results are listed with their error; nothing is asked of them.

    Args:
        comparison: what to report.
        out: a folder; made where it is missing.
        thumbnail: the picture of an image id, uint8 (H, W, 3) RGB of any size. An image that it
            raises an error for is shown as an empty frame.

    Raises:
        StrataError: when the folder cannot be written.
    """
    from strata.reports.page import page_html

    analysis = analyse(comparison)
    files = ReportFiles(out / "report.html", out / "results.csv", out / "results.json")
    try:
        out.mkdir(parents=True, exist_ok=True)
        _write(files.json, json_text(analysis))
        _write(files.csv, csv_text(analysis))
        _write(files.html, page_html(analysis, thumbnail))
    except OSError as error:
        raise StrataError(
            f"The report cannot be written to {out}: {error.strerror or error}.",
            "Free some space or name another folder.",
        ) from error
    return files


def _write(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
