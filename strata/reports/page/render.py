"""From an analysis to the text of the page."""

import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from strata.reports.checks.base import SEVERITIES, Check
from strata.reports.comparison.evaluation import SPLIT_NAMES
from strata.reports.comparison.ranking import Ranking
from strata.reports.exports.bibliography import papers
from strata.reports.exports.methods_paragraph import paragraph, references
from strata.reports.exports.paper_tables import latex_table
from strata.reports.formatting import duration, parameter, percent
from strata.reports.model.results import DataSummary
from strata.reports.page.cross_method import across
from strata.reports.page.methods import Room, failed_section, method_section
from strata.reports.page.overview import (
    differences,
    images_by_split,
    overview,
    pareto_plots,
    ranking_rows,
)
from strata.reports.page.pictures import Pictures
from strata.reports.page.plots.critical_difference_plot import groups_drawing
from strata.reports.page.plots.method_markers import legend
from strata.reports.page.plots.sweep_plots import grid_sections, joint_sweeps, sweep_sections
from strata.reports.summary.analysis import Analysis

#: Up to this many methods every section stands open.
OPEN_METHODS = 4

#: With more classes the data are told in two tables side by side.
MANY_CLASSES = 16

#: What each of up to 6, up to 12 and more methods may show.
ROOMS = (Room(12, 6, 12), Room(8, 4, 6), Room(6, 3, 4))


def pictures_for(
    analysis: Analysis, thumbnail: Callable[[str], np.ndarray], *, beside: bool = False
) -> Pictures:
    """Room for a page's pictures, smaller ones where there are many."""
    few = len(analysis.ranking.rows) <= 6 and len(analysis.comparison.data.classes) <= 12
    return Pictures(thumbnail, side=144 if few else 116, beside=beside)


def page_html(analysis: Analysis, pictures: Pictures) -> str:
    """The page as one text: style, script, drawings and (small) pictures inside."""
    comparison, ranking = analysis.comparison, analysis.ranking
    methods = len(ranking.rows)
    # Where pictures must be left out, it is those of methods, the last ones first.
    data = _data(comparison.data, pictures)
    between = across(analysis, pictures)
    checks = [_check(check, pictures) for check in analysis.checks]
    room = ROOMS[0] if methods <= 6 else ROOMS[1] if methods <= 12 else ROOMS[2]
    sections = [method_section(row, analysis, pictures, room) for row in ranking.rows]
    return _environment().get_template("page.html").render(
        comparison=comparison,
        data=data,
        run=comparison.run,
        kept=_kept(ranking),
        overview=overview(analysis),
        basis=SPLIT_NAMES[ranking.basis] if ranking.basis else "",
        ranking=ranking_rows(ranking),
        paretos=list(pareto_plots(ranking).values()),
        legend=legend(row.method.family for row in ranking.rows),
        differences=differences(ranking),
        groups=groups_drawing(ranking),
        methods=sections,
        open_methods=methods <= OPEN_METHODS,
        failed=[failed_section(method) for method in ranking.failed],
        across=between,
        sweeps=sweep_sections(analysis),
        grids=grid_sections(analysis),
        together=joint_sweeps(analysis),
        checks=checks,
        severities=SEVERITIES,
        pictures=pictures,
        wording=_wording(analysis),
        style=_asset("page.css"),
        script=_asset("page.js"),
    )  # fmt: skip


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("strata.reports.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "duration": duration,
        "percent": percent,
        "parameter": parameter,
        "anchor": anchor,
        "glue": glue,
    }
    return environment


def glue(text: str) -> str:
    """The text with its numbers tied to units and ranges: no line ends inside of them."""
    text = re.sub(r"(?<=\d)-(?=fold)", "\u2011", text)
    text = re.sub(r"(?<=\d)–(?=\d)", "\u2060–\u2060", text)
    return re.sub(r"(?<=\d) (?=(?:%|ms|s|min|h|points?)\b|%)", "\u00a0", text)


def _kept(ranking: Ranking) -> str:
    """How many stages a run found made: its time is not theirs."""
    stages = [stage for row in ranking.rows for stage in row.method.stages]
    kept = sum(stage.made == "kept" for stage in stages)
    if not kept:
        return ""
    return f"{'all' if kept == len(stages) else f'{kept} of {len(stages)}'} stages were kept"


def _asset(name: str) -> Markup:
    return Markup(files("strata.reports.page").joinpath("templates", name).read_text("utf-8"))


def anchor(name: str) -> str:
    """The id of a method's section: letters and digits stay, all else becomes its code."""
    return "method-" + "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):x}_" for c in name)


def _data(data: DataSummary, pictures: Pictures) -> dict[str, Any]:
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


def _wording(analysis: Analysis) -> dict[str, str] | None:
    """What a paper can take over."""
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


def _check(check: Check, pictures: Pictures) -> dict[str, Any]:
    groups = [
        [{"image": image, "shown": pictures.show(image)} for image in group[:4]]
        for group in check.images[:6]
    ]
    return {"check": check, "groups": groups, "more": max(0, len(check.images) - 6)}
