"""Writer of a report: HTML page, tables, results.json, figures, ZIP archive."""

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from strata.errors import StrataError
from strata.files import write_atomic
from strata.reports.exports.paper_tables import latex_table, markdown_table
from strata.reports.exports.previous_report import keep_previous
from strata.reports.exports.results_json import json_text
from strata.reports.exports.tables import csv_text
from strata.reports.model.results import Comparison
from strata.reports.page import page_html, pictures_for
from strata.reports.page.figure_files import write_figures
from strata.reports.page.pictures import BUDGET, full_picture
from strata.reports.summary.analysis import Analysis, analyze
from strata.text import printable

#: Timestamp of all archive members, so that a report written twice is bit-identical.
_TIME = (1980, 1, 1, 0, 0, 0)

Thumbnail = Callable[[str], np.ndarray]


@dataclass(frozen=True)
class ReportFiles:
    """Paths of the files of a report, and how many pictures fit into the page's budget.

    Attributes:
        html, csv, json, markdown, latex: the files that are always written.
        picture_bytes: size of all pictures of the page, of at most `picture_budget`.
        left_out: pictures that exceeded the budget.
        archive: the ZIP with full-size pictures, if requested.
        figures: SVG and PDF files, if requested.
        previous: copy of the report before, if its results were others.
        missing_glyphs: characters that the PDF figures lack, for want of a font.
    """

    html: Path
    csv: Path
    json: Path
    markdown: Path
    latex: Path
    picture_bytes: int = 0
    picture_budget: int = 0
    left_out: int = 0
    archive: Path | None = None
    figures: list[Path] = field(default_factory=list)
    previous: Path | None = None
    missing_glyphs: str = ""


def write_report(
    comparison: Comparison,
    out: Path,
    *,
    thumbnail: Thumbnail,
    zipped: bool = False,
    figures: Path | None = None,
) -> ReportFiles:
    """Write `report.html`, `results.csv`, `results.json`, `table.md` and `table.tex` into `out`.

    Each file is written to a temporary file and renamed, so that a reader never sees half a file.
    Methods without results are listed with their error. An earlier report in `out` with other
    results is kept in `out/previous` (see `keep_previous`).

    Args:
        comparison: to report on.
        out: a folder; created if missing.
        thumbnail: returns the picture of an image id, uint8 (H, W, 3) RGB of any size. An image for
            which it raises is shown as an empty frame.
        zipped: also write `report.zip`, whose page links to each picture in full size.
        figures: a folder for the page's figures as SVG and PDF.

    Raises:
        StrataError: a folder cannot be written.
    """
    analysis = analyze(comparison)
    texts = {
        "results.json": json_text(analysis),
        "results.csv": csv_text(analysis),
        "table.md": markdown_table(analysis),
        "table.tex": latex_table(analysis),
    }
    pictures = pictures_for(analysis, thumbnail)
    page = page_html(analysis, pictures)
    with _writing(out):
        out.mkdir(parents=True, exist_ok=True)
        previous = keep_previous(out, texts["results.json"])
        for name, text in (*texts.items(), ("report.html", page)):
            write_atomic(out / name, text)
        archive = out / "report.zip" if zipped else None
        if archive:
            write_atomic(archive, _archive(analysis, texts, thumbnail))
    drawn: list[Path] = []
    missing = ""
    if figures:
        with _writing(figures):
            drawn, missing = write_figures(analysis, figures)
    return ReportFiles(
        html=out / "report.html",
        csv=out / "results.csv",
        json=out / "results.json",
        markdown=out / "table.md",
        latex=out / "table.tex",
        picture_bytes=pictures.bytes,
        picture_budget=BUDGET,
        left_out=pictures.left_out,
        archive=archive,
        figures=drawn,
        previous=previous,
        missing_glyphs=missing,
    )


def _archive(analysis: Analysis, texts: dict[str, str], thumbnail: Thumbnail) -> bytes:
    """The report as a ZIP of one folder: page, tables, results.json and full-size pictures."""
    pictures = pictures_for(analysis, thumbnail, full_size=True)
    page = page_html(analysis, pictures)
    out = io.BytesIO()
    folder = printable(analysis.comparison.name) or "report"
    with zipfile.ZipFile(out, "w") as archive:

        def add(name: str, data: bytes, compression: int) -> None:
            entry = zipfile.ZipInfo(f"{folder}/{name}", _TIME)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data, compression)

        for name, text in (("report.html", page), *texts.items()):
            add(name, text.encode(errors="backslashreplace"), zipfile.ZIP_DEFLATED)
        for path, image in pictures.full.items():
            add(path, full_picture(thumbnail(image)), zipfile.ZIP_STORED)
    return out.getvalue()


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Turn an OSError of writing to a folder into a StrataError."""
    try:
        yield
    except OSError as error:
        raise StrataError(
            f"The report cannot be written to {folder}: {error.strerror or error}.",
            "Free some space or name another folder.",
        ) from error
