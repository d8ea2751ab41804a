"""Lead of the best method over the others in words: on which split it shows, and who is cheaper."""

from collections.abc import Callable
from typing import NamedTuple

from strata.reports.comparison.pairs import find_pair
from strata.reports.comparison.ranking import RankedMethod, Ranking
from strata.reports.formatting import duration, listing, milliseconds, percent
from strata.reports.model.results import Cost
from strata.reports.summary.limits import WIDE

#: Factor by which a cost must be lower to count as cheaper: times vary as much between runs.
CHEAPER = 1.2


def lead(ranking: Ranking, best: RankedMethod) -> str:
    """Sentences on the methods from which the best one differs, and those from which it does not.

    The ranking stays that of cross-validation; what only the test images show is said as such.
    """
    by_mark: dict[str, list[RankedMethod]] = {}
    for row in ranking.rows[1:]:
        by_mark.setdefault(row.mark, []).append(row)
    tied, above = by_mark.get("tied", []), by_mark.get("above on test", [])
    below, on_test = by_mark.get("below", []), by_mark.get("below on test", [])
    sentences = []
    if above:
        sentences.append(
            f"On the test images {_names(above)} {_are(above)} significantly above it, by "
            f"{_test_differences(ranking, best, above)} points."
        )
    if tied:
        sentences.append(_cheapest(best, tied))
    elif (below or on_test) and not above:
        every = "other method" if "untested" not in by_mark else "method that could be tested"
        partly = "" if below else " on the test images"
        sentences.append(f"Its lead over every {every} is significant{partly}.")
    if on_test and (tied or below or above):
        sentences.append(
            f"Only on the test images {_are(on_test)} {_names(on_test)} significantly below it, by "
            f"{_test_differences(ranking, best, on_test)} points."
        )
    return " ".join(sentences)


def _names(rows: list[RankedMethod]) -> str:
    return listing((row.method.name for row in rows), most=4)


def _are(rows: list[RankedMethod]) -> str:
    return "is" if len(rows) == 1 else "are"


def _test_differences(ranking: Ranking, best: RankedMethod, rows: list[RankedMethod]) -> str:
    """Range of the differences to the best method on the test images, in points."""
    names = [row.method.name for row in rows]
    pairs = [find_pair(ranking.pairs["test"], best.method.name, name) for name in names]
    sizes = [abs(pair.difference) for pair in pairs if pair]
    shown = list(dict.fromkeys([percent(min(sizes)), percent(max(sizes))]))
    return " to ".join(shown)


class _Measure(NamedTuple):
    """A cost by which methods tied with the best are compared."""

    least: str
    of: Callable[[Cost], float | None]
    text: Callable[[float | None], str]


_MEASURES = (
    _Measure("costs the least to fit", lambda cost: cost.fit_seconds, duration),
    _Measure(
        "takes the least time per image",
        lambda cost: cost.predict_ms,
        lambda value: f"{milliseconds(value)} ms",
    ),
)


def _cheapest(best: RankedMethod, tied: list[RankedMethod]) -> str:
    """Sentence on the tied method that is cheapest to fit, or else fastest to predict.

    With few folds and many pairs, methods far below the best may be tied with it; those more than
    `WIDE` below are not recommended.
    """
    sentence = f"{_names(tied)} {_are(tied)} not significantly different from it"
    near = [row for row in tied if row.to_best and abs(row.to_best.difference) <= WIDE]
    if not near:
        return f"{sentence}, but more than {percent(WIDE, 0)} points below."
    among = "" if len(near) == len(tied) else f" of those at most {percent(WIDE, 0)} points below,"
    compared = [row.method.cost or Cost() for row in (best, *near)]
    for measure in _MEASURES:
        costs = {
            row.method.name: value
            for row, cost in zip((best, *near), compared, strict=True)
            if (value := measure.of(cost)) is not None
        }
        top = costs.get(best.method.name)
        name, least = min(costs.items(), key=lambda item: item[1], default=("", 0.0))
        if not top or least * CHEAPER > top:
            continue
        subject = " and" if len(tied) == 1 else f";{among} {name}"
        times = f", {top / least:.1f} times less" if least else ""
        return f"{sentence}{subject} {measure.least} ({measure.text(least)}{times})."
    unknown = [[measure.of(cost) is None for cost in compared] for measure in _MEASURES]
    if any(any(some) and not all(some) for some in unknown) or all(map(any, unknown)):
        return f"{sentence}."
    if among:
        return f"{sentence};{among} none is cheaper."
    return f"{sentence}, and {'not' if len(tied) == 1 else 'none is'} cheaper."
