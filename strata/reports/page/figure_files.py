"""The page's drawings as files of their own, for papers and slides: SVG and PDF."""

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from markupsafe import Markup

from strata.reports.comparison.evaluation import SPLIT_NAMES
from strata.reports.comparison.ranking import Ranked
from strata.reports.comparison.shared_errors import agreement, error_overlap, joint
from strata.reports.page.overview import pareto_plots
from strata.reports.page.pdf import write_pdf
from strata.reports.page.plots.confusion_matrix import confusion_drawing, share_drawing
from strata.reports.page.plots.critical_difference_plot import groups_drawing
from strata.reports.page.plots.curves import calibration_drawing, learning_drawings, roc_drawing
from strata.reports.page.plots.lr_finder_plot import rate_drawing
from strata.reports.page.plots.search_plots import (
    course_drawing,
    importance_drawing,
    parallel_drawing,
)
from strata.reports.page.plots.svg_styles import styled
from strata.reports.page.plots.sweep_plots import grid_drawing, joint_sweeps, sweep_drawing
from strata.reports.summary.analysis import Analysis


def write_figures(analysis: Analysis, folder: Path) -> list[Path]:
    """Write every drawing as NAME.svg and NAME.pdf in the light theme.

    Args:
        folder: made where it is missing.

    Returns:
        The files, in the order of the page.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, drawing in _named(analysis):
        root = styled(drawing)
        svg, pdf = folder / f"{name}.svg", folder / f"{name}.pdf"
        svg.write_text(ElementTree.tostring(root, encoding="unicode") + "\n", encoding="utf-8")
        write_pdf(root, pdf)
        written += [svg, pdf]
    return written


def _named(analysis: Analysis) -> Iterator[tuple[str, Markup]]:
    """File names, all different, and drawings."""
    taken: dict[str, int] = {}
    for name, drawing in _drawings(analysis):
        if drawing is None:
            continue
        stem = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()
        taken[stem] = taken.get(stem, 0) + 1
        yield (stem if taken[stem] == 1 else f"{stem}-{taken[stem]}"), drawing


def _drawings(analysis: Analysis) -> Iterator[tuple[str, Markup | None]]:
    ranking = analysis.ranking
    if ranking.basis is None:
        return
    split = SPLIT_NAMES[ranking.basis]
    for kind, plot in pareto_plots(ranking).items():
        yield f"accuracy and {kind}", plot
    yield "ranking", groups_drawing(ranking)
    for row in ranking.rows:
        yield from _of_method(row, analysis.comparison.data.classes)
    both = joint(ranking.on(ranking.basis))
    if both is not None:
        for name, shares in (
            ("agreement", agreement(both)),
            ("shared mistakes", error_overlap(both)),
        ):
            yield name, share_drawing(shares, both.names, f"{name}, {split}", "{} {} {}")
    for joined in joint_sweeps(analysis):
        yield f"sweep of {joined['parameter']}", joined["drawing"]
    for grid in analysis.grids:
        yield f"{grid.method} by {' and '.join(grid.parameters)}", grid_drawing(grid, split)
    for sweep in analysis.sweeps:
        yield f"{sweep.method} by {sweep.parameter}", sweep_drawing(sweep, split)


def _of_method(row: Ranked, classes: list[str]) -> Iterator[tuple[str, Markup | None]]:
    name = row.method.name
    for split, e in row.evaluations.items():
        said = SPLIT_NAMES[split]
        yield (
            f"{name} confusion {split}",
            confusion_drawing(e.confusion, classes, e.repeats, said),
        )
        yield f"{name} roc {split}", roc_drawing(e.roc, classes, said)
        if e.probabilistic:
            yield (
                f"{name} calibration {split}",
                calibration_drawing(e.probabilistic.reliability, said),
            )
    for quantity, drawing in (
        learning_drawings(row.method.histories) if row.method.histories else []
    ):
        yield f"{name} {quantity}", drawing
    yield f"{name} rate search", rate_drawing(row.method.rate_searches)
    if row.method.search:
        yield f"{name} search by trial", course_drawing(row.method.search)
        yield f"{name} search by value", parallel_drawing(row.method.search)
        yield f"{name} search importance", importance_drawing(row.method.search)
