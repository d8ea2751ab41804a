"""Top of the page: verdict, ranking table, accuracy against cost, significance of differences."""

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from strata.reports.comparison.evaluation import SPLIT_NAMES, Evaluation, Split
from strata.reports.comparison.pairs import find_pair
from strata.reports.comparison.ranking import DIGITS, RankedMethod, Ranking
from strata.reports.exports.tables import MARKS, UNMARKED
from strata.reports.formatting import DASH, decimal, known, p_value, percent, percent_range, points
from strata.reports.model.results import Cost, DataSummary
from strata.reports.page.plots.cost_axes import COSTS
from strata.reports.page.plots.interval_bars import bar, bar_axis
from strata.reports.page.plots.method_markers import glyph
from strata.reports.page.plots.pareto import Point, pareto_plot
from strata.reports.summary.analysis import Analysis


def overview(analysis: Analysis) -> dict[str, Any]:
    """Template context of the header."""
    comparison, ranking = analysis.comparison, analysis.ranking
    return {
        "verdict": analysis.verdict,
        "images": images_by_split(comparison.data),
        "issues": sum(check.severity == "issue" for check in analysis.checks),
        "tips": sum(check.severity == "tip" for check in analysis.checks),
        "best": ranking.best,
    }


def images_by_split(data: DataSummary) -> dict[str, int]:
    """Number of images of every split that has any."""
    totals: dict[str, int] = {}
    for counts in data.counts.values():
        for split, n in counts.items():
            totals[split] = totals.get(split, 0) + n
    return {split: n for split, n in totals.items() if n}


def ranking_rows(ranking: Ranking) -> dict[str, Any]:
    """Template context of the ranking table: columns that have values, and cells with sort keys."""
    rows = ranking.rows
    shown = {split for split in SPLIT_NAMES if ranking.on(split)}
    everything = [e for row in rows for e in row.evaluations.values()]
    axis = bar_axis([(e.accuracy, e.interval) for e in everything])
    return {
        "splits": [s for s in SPLIT_NAMES if s in shown],
        "costs": [kind.name for kind in COSTS[:4] if any(_cost(r, kind.of) for r in rows)],
        "axis": [percent(end, 0) for end in axis],
        "rows": [_row(row, ranking, axis) for row in rows],
        "failed": ranking.failed,
        "equal": _equal(ranking),
        "papers": any(row.method.paper is not None for row in rows),
    }


def _equal(ranking: Ranking) -> bool:
    """True if methods have the same accuracy on the split that ranks."""
    if ranking.basis is None:
        return False
    shown = [round(e.accuracy, DIGITS) for e in ranking.on(ranking.basis).values()]
    return len(set(shown)) < len(shown)


def _row(row: RankedMethod, ranking: Ranking, axis: tuple[float, float]) -> dict[str, Any]:
    """Template context of one row of the ranking table."""
    basis = row.evaluations.get(ranking.basis) if ranking.basis else None
    return {
        "rank": row.rank,
        "name": row.method.name,
        "recipe": row.method.recipe,
        "kind": row.method.kind,
        "glyph": glyph(row.method.kind),
        "best": row.mark == "best",
        "mark": MARKS.get(row.mark, UNMARKED),
        "accuracy": {split: _accuracy(row.evaluations.get(split), axis) for split in SPLIT_NAMES},
        "paper": _paper(row, basis),
        "f1": decimal(basis.macro_f1) if basis else DASH,
        "f1_key": basis.macro_f1 if basis else "",
        "costs": {
            kind.name: {"text": kind.text(_cost(row, kind.of)), "key": _cost(row, kind.of)}
            for kind in COSTS
        },
    }


def _paper(row: RankedMethod, basis: Evaluation | None) -> dict[str, Any]:
    """Published accuracy, and the difference of the method to it."""
    given = row.method.paper
    change = points(basis.accuracy - given) if basis and given is not None else ""
    return {"key": "" if given is None else given, "text": percent(given), "difference": change}


def _accuracy(evaluation: Evaluation | None, axis: tuple[float, float]) -> dict[str, Any] | None:
    """Cell of an accuracy with its interval; None without scores."""
    if evaluation is None:
        return None
    return {
        "key": evaluation.accuracy,
        "text": percent(evaluation.accuracy),
        "range": percent_range(evaluation.interval) if known(evaluation.interval.low) else "",
        "bar": bar(evaluation.accuracy, evaluation.interval, axis),
    }


def _cost(row: RankedMethod, of: Callable[[Cost], float | None]) -> float | None:
    """A cost of the method; None where it is unknown."""
    return of(row.method.cost) if row.method.cost else None


def pareto_plots(ranking: Ranking) -> dict[str, Markup]:
    """Accuracy against every cost that two methods or more have, by the cost's name."""
    if ranking.basis is None:
        return {}
    plots = {}
    for kind in COSTS:
        chosen = [
            Point(row.method.name, cost, e.accuracy, e.interval, row.method.kind, row.rank)
            for row in ranking.rows
            if (e := row.evaluations.get(ranking.basis)) and (cost := _cost(row, kind.of))
        ]
        split = SPLIT_NAMES[ranking.basis]
        plot = pareto_plot(chosen, kind.name, kind.text, kind.tick, split)
        if plot is not None:
            plots[kind.name] = plot
    return plots


def differences(ranking: Ranking) -> list[dict[str, Any]]:
    """Template context of every method's difference to the best one, on both splits."""
    best = ranking.best
    if best is None:
        return []
    found: list[dict[str, Any]] = []
    for row in ranking.rows[1:]:
        tests = {split: _difference(ranking, split, best, row) for split in SPLIT_NAMES}
        if any(tests.values()):
            found.append({"name": row.method.name, "tests": tests})
    return found


def _range(ends: list[float]) -> str:
    """Interval of a difference in points; in words where it holds every difference there is."""
    if not ends:
        return ""
    if ends[0] <= -1 and ends[1] >= 1:
        return "no interval: too few folds"
    return f"{points(ends[0])} to {points(ends[1])}"


def _difference(
    ranking: Ranking, split: Split, best: RankedMethod, row: RankedMethod
) -> dict[str, Any] | None:
    """Difference on one split with interval and p-values; None without a pair."""
    pair = find_pair(ranking.pairs[split], best.method.name, row.method.name)
    if pair is None:
        return None
    sign = 1 if pair.first == best.method.name else -1
    ends = sorted(sign * v for v in pair.interval) if pair.interval else []
    return {
        "difference": points(sign * pair.difference),
        "range": _range(ends),
        "p": p_value(pair.test.p if pair.test else None),
        "adjusted": p_value(pair.p_adjusted),
        "significant": pair.significant,
        "untested": pair.untested,
    }
