"""Figures of the page as SVG and PDF files, for papers and slides."""

import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from xml.etree import ElementTree

from markupsafe import Markup

from strata.reports.comparison.evaluation import SPLIT_NAMES
from strata.reports.comparison.ranking import RankedMethod
from strata.reports.comparison.shared_errors import agreement, error_overlap, joint_predictions
from strata.reports.page.overview import pareto_plots
from strata.reports.page.pdf import write_pdf
from strata.reports.page.plots.confusion_matrix import confusion_drawing, pairwise_drawing
from strata.reports.page.plots.critical_difference_plot import critical_difference_drawing
from strata.reports.page.plots.curves import calibration_drawing, roc_drawing
from strata.reports.page.plots.learning_curves import learning_drawings
from strata.reports.page.plots.lr_finder_plot import lr_finder_drawing
from strata.reports.page.plots.search_plots import (
    importance_drawing,
    parallel_coordinates_drawing,
    trials_drawing,
)
from strata.reports.page.plots.svg_styles import styled
from strata.reports.page.plots.sweep_plots import grid_drawing, joint_sweeps, sweep_drawing
from strata.reports.page.validation_curves import validation_section
from strata.reports.summary.analysis import Analysis

#: Longest file name without its suffix; file systems allow 255 bytes.
LONGEST_STEM = 200


def write_figures(analysis: Analysis, folder: Path) -> tuple[list[Path], str]:
    """Write every figure as NAME.svg and NAME.pdf in the light theme.

    Args:
        analysis: to draw.
        folder: created if missing.

    Returns:
        The files, in the order of the page; and the characters that the PDF files lack, because no
        font on this computer has them.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    missing: set[str] = set()
    for name, drawing in _named(analysis):
        root = styled(drawing)
        svg, pdf = folder / f"{name}.svg", folder / f"{name}.pdf"
        svg.write_text(ElementTree.tostring(root, encoding="unicode") + "\n", encoding="utf-8")
        missing |= set(write_pdf(root, pdf))
        written += [svg, pdf]
    return written, "".join(sorted(missing))


def _named(analysis: Analysis) -> Iterator[tuple[str, Markup]]:
    """Unique file names and drawings."""
    taken: set[str] = set()
    for name, drawing in _drawings(analysis):
        if drawing is None:
            continue
        stem = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()[:LONGEST_STEM]
        free = (s for n in count(1) if (s := stem if n == 1 else f"{stem}-{n}") not in taken)
        taken.add(found := next(free))
        yield found, drawing


def _drawings(analysis: Analysis) -> Iterator[tuple[str, Markup | None]]:
    """Names and drawings of all methods and of each method, in the order of the page."""
    ranking = analysis.ranking
    if ranking.basis is None:
        return
    split = SPLIT_NAMES[ranking.basis]
    for kind, plot in pareto_plots(ranking).items():
        yield f"accuracy and {kind}", plot
    yield "critical difference", critical_difference_drawing(ranking)
    validation = validation_section(analysis)
    yield "validation accuracy by epoch", validation["drawing"] if validation else None
    for row in ranking.rows:
        yield from _of_method(row, analysis.comparison.data.classes)
    joint = joint_predictions(ranking.on(ranking.basis))
    if joint is not None:
        for name, shares in (
            ("agreement", agreement(joint)),
            ("error overlap", error_overlap(joint)),
        ):
            yield name, pairwise_drawing(shares, joint.names, f"{name}, {split}", "{} {} {}")
    for joined in joint_sweeps(analysis):
        yield f"sweep of {joined['parameter']}", joined["drawing"]
    for grid in analysis.grids:
        yield f"{grid.method} by {' and '.join(grid.parameters)}", grid_drawing(grid, split)
    for sweep in analysis.sweeps:
        yield f"{sweep.method} by {sweep.parameter}", sweep_drawing(sweep, split)


def _of_method(row: RankedMethod, classes: list[str]) -> Iterator[tuple[str, Markup | None]]:
    """Names and drawings of one method."""
    name = row.method.name
    for split, e in row.evaluations.items():
        split_name = SPLIT_NAMES[split]
        yield (
            f"{name} confusion {split}",
            confusion_drawing(e.confusion, classes, e.repeats, split_name),
        )
        yield f"{name} roc {split}", roc_drawing(e.roc, classes, split_name)
        if e.probabilistic:
            yield (
                f"{name} reliability {split}",
                calibration_drawing(e.probabilistic.reliability, split_name),
            )
    for quantity, drawing in (
        learning_drawings(row.method.histories) if row.method.histories else []
    ):
        yield f"{name} {quantity}", drawing
    yield f"{name} lr range test", lr_finder_drawing(row.method.lr_curves)
    if row.method.search:
        yield f"{name} search history", trials_drawing(row.method.search)
        yield f"{name} search parallel coordinates", parallel_coordinates_drawing(row.method.search)
        yield f"{name} parameter importance", importance_drawing(row.method.search)
