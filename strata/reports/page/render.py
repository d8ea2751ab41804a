"""Rendering of the page from an analysis, with Jinja templates."""

import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from strata.reports.checks.base import SEVERITIES, CheckResult
from strata.reports.comparison.evaluation import SPLIT_NAMES
from strata.reports.comparison.ranking import Ranking
from strata.reports.exports.bibliography import papers
from strata.reports.exports.methods_paragraph import paragraph, references
from strata.reports.exports.paper_tables import latex_table
from strata.reports.formatting import NOT_COMPUTED, duration, headline, parameter, percent
from strata.reports.model.results import DataSummary
from strata.reports.page.cross_method import cross_method
from strata.reports.page.methods import PictureLimits, failed_section, method_section
from strata.reports.page.overview import (
    differences,
    images_by_split,
    overview,
    pareto_plots,
    ranking_rows,
)
from strata.reports.page.pictures import Pictures
from strata.reports.page.plots.critical_difference_plot import critical_difference_drawing
from strata.reports.page.plots.method_markers import legend
from strata.reports.page.plots.sweep_plots import grid_sections, joint_sweeps, sweep_sections
from strata.reports.page.validation_curves import validation_section
from strata.reports.summary.analysis import Analysis
from strata.text import printable

#: Number of methods up to which their sections are unfolded.
OPEN_METHODS = 4

#: Number of classes above which the data table is split into two side by side.
MANY_CLASSES = 16

#: Picture limits of each method, with up to 6, up to 12 and more methods.
PICTURE_LIMITS = (PictureLimits(12, 6, 12), PictureLimits(8, 4, 6), PictureLimits(6, 3, 4))


def pictures_for(
    analysis: Analysis, thumbnail: Callable[[str], np.ndarray], *, full_size: bool = False
) -> Pictures:
    """Empty collection of a page's pictures, smaller ones if there are many.

    Args:
        full_size: whether to link full-size pictures next to the page.
    """
    few = len(analysis.ranking.rows) <= 6 and len(analysis.comparison.data.classes) <= 12
    return Pictures(thumbnail, side=144 if few else 116, full_size=full_size)


def page_html(analysis: Analysis, pictures: Pictures) -> str:
    """The page as one HTML text: style, script, figures and (small) pictures included."""
    comparison, ranking = analysis.comparison, analysis.ranking
    methods = len(ranking.rows)
    # In this order, so that the pictures that exceed the budget are those of the last methods.
    data = _data(comparison.data, pictures)
    shared = cross_method(analysis, pictures)
    checks = [_check(result, pictures) for result in analysis.checks]
    limits = PICTURE_LIMITS[0 if methods <= 6 else 1 if methods <= 12 else 2]
    sections = [method_section(row, analysis, pictures, limits) for row in ranking.rows]
    return environment().get_template("page.html").render(
        comparison=comparison,
        data=data,
        run=comparison.run,
        kept_stages=_kept_stages(ranking),
        overview=overview(analysis),
        basis=SPLIT_NAMES[ranking.basis] if ranking.basis else "",
        ranking=ranking_rows(ranking),
        paretos=list(pareto_plots(ranking).values()),
        legend=legend(row.method.kind for row in ranking.rows),
        differences=differences(ranking),
        critical_difference=critical_difference_drawing(ranking),
        methods=sections,
        open_methods=methods <= OPEN_METHODS,
        failed=[failed_section(method) for method in ranking.failed],
        not_computed=NOT_COMPUTED,
        validation_curves=validation_section(analysis),
        cross_method=shared,
        sweeps=sweep_sections(analysis),
        grids=grid_sections(analysis),
        joint_sweeps=joint_sweeps(analysis),
        checks=checks,
        severities=SEVERITIES,
        pictures=pictures,
        paper_texts=_paper_texts(analysis),
        style=asset("page.css"),
        script=asset("page.js"),
    )  # fmt: skip


@cache
def environment() -> Environment:
    """Jinja environment with autoescaping and the page's filters."""
    environment = Environment(
        loader=PackageLoader("strata.reports.page"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "duration": duration,
        "headline": headline,
        "percent": percent,
        "parameter": parameter,
        "anchor": anchor,
        "nonbreaking": nonbreaking,
    }
    return environment


def _finalized(value: Any) -> Any:
    """A value that a template shows, without characters that a page cannot."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def nonbreaking(text: str) -> str:
    """The text with nonbreaking characters between numbers and units, and inside ranges."""
    text = re.sub(r"(?<=\d)-(?=fold)", "\u2011", text)
    text = re.sub(r"(?<=\d)–(?=\d)", "\u2060–\u2060", text)
    return re.sub(r"(?<=\d) (?=(?:%|ms|s|min|h|points?)\b|%)", "\u00a0", text)


def _kept_stages(ranking: Ranking) -> str:
    """Number of stages taken from the store, whose time is not part of the run's, in words."""
    stages = [stage for row in ranking.rows for stage in row.method.stages]
    kept = sum(stage.made == "kept" for stage in stages)
    if not kept:
        return ""
    return f"{'all' if kept == len(stages) else f'{kept} of {len(stages)}'} stages were kept"


def asset(name: str) -> Markup:
    """A file of the templates folder as markup."""
    return Markup(files("strata.reports.page").joinpath("templates", name).read_text("utf-8"))


def anchor(name: str) -> str:
    """HTML id of a method's section: characters other than ASCII letters and digits are encoded."""
    return "method-" + "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):x}_" for c in name)


def _data(data: DataSummary, pictures: Pictures) -> dict[str, Any]:
    """Template context of the data section."""
    each = 6 if len(data.classes) <= 8 else 4 if len(data.classes) <= 16 else 3
    totals = images_by_split(data)
    most = max((sum(counts.values()) for counts in data.counts.values()), default=1) or 1
    rows = []
    for name in data.classes:
        counts = data.counts.get(name, {})
        rows.append(
            {
                "name": name,
                "counts": [counts.get(split, 0) for split in totals],
                "share": f"--to:{100 * sum(counts.values()) / most:.1f}%",
                "samples": [
                    {"image": image, "shown": pictures.show(image)}
                    for image in data.sample_ids.get(name, [])[:each]
                ],
            }
        )
    half = -(-len(rows) // 2) if len(rows) > MANY_CLASSES else len(rows)
    return {
        "totals": totals,
        "parts": [part for part in (rows[:half], rows[half:]) if part],
        "small": len(rows) > MANY_CLASSES,
        "summary": data,
    }


def _paper_texts(analysis: Analysis) -> dict[str, str] | None:
    """Texts for a paper: methods paragraph, table and BibTeX; None without results."""
    if analysis.ranking.basis is None:
        return None
    text = paragraph(analysis.ranking)
    table = latex_table(analysis)
    return {
        "paragraph": text,
        "table": table,
        "references": references(text),
        "papers": papers(row.method.recipe for row in analysis.ranking.rows),
    }


def _check(result: CheckResult, pictures: Pictures) -> dict[str, Any]:
    """Template context of a check result, with the images it shows."""
    groups = [
        [{"image": image, "shown": pictures.show(image)} for image in group[:4]]
        for group in result.images[:6]
    ]
    return {"result": result, "groups": groups, "more": max(0, len(result.images) - 6)}
