"""Verdict of a comparison in a few sentences: best method, cost, method kinds, limitations."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from strata.reports.comparison.evaluation import Evaluation
from strata.reports.comparison.pairs import find_pair
from strata.reports.comparison.ranking import RankedMethod, Ranking
from strata.reports.formatting import (
    duration,
    known,
    listing,
    milliseconds,
    number_of,
    percent,
    percent_range,
)
from strata.reports.model.results import Cost
from strata.reports.summary.limits import WIDE, limits

#: Factor by which a cost must be lower to count as cheaper: times vary as much between runs.
CHEAPER = 1.2


@dataclass(frozen=True)
class Verdict:
    """Verdict as sentences.

    Attributes:
        headline: the best method, its accuracy and confidence interval.
        cost: its cost, and the cheapest method not significantly different from it.
        kinds: best classical, deep and fused methods; "" where there is one kind only.
        limits: limitations of the results.
    """

    headline: str
    cost: str
    kinds: str
    limits: list[str]


def verdict(ranking: Ranking) -> Verdict:
    """Verdict of one ranking."""
    best = ranking.best
    if best is None or ranking.basis is None:
        return Verdict("No method has results yet.", "", "", [])
    evaluation = best.evaluations[ranking.basis]
    figures = f"{percent(evaluation.accuracy)} %"
    if known(evaluation.interval.low):
        figures += f" (95 % confidence interval {percent_range(evaluation.interval)})"
    headline = f"{best.method.name}: accuracy {figures} {_where(ranking, evaluation)}."
    return Verdict(headline, _cost(ranking, best), _kinds(ranking), limits(ranking, evaluation))


def _where(ranking: Ranking, evaluation: Evaluation) -> str:
    """The split in words: "in 8-fold cross-validation with 3 repeats", "on 120 test images"."""
    if evaluation.folds is None:
        return f"on {number_of(evaluation.images, 'test image')}"
    folds = evaluation.folds.accuracy.shape[1]
    repeats = f" with {evaluation.repeats} repeats" if evaluation.repeats > 1 else ""
    most = max(e.folds.accuracy.shape[1] for e in ranking.on("cv").values() if e.folds)
    if folds < most:
        return f"in {folds} of the {most} folds of cross-validation{repeats}"
    return f"in {folds}-fold cross-validation{repeats}"


def _cost(ranking: Ranking, best: RankedMethod) -> str:
    """Cost of the best method, and how its lead over the others stands."""
    sentences = []
    if best.method.cost is not None:
        parts = [
            f"{duration(best.method.cost.fit_seconds)} to fit"
            if best.method.cost.fit_seconds is not None
            else "",
            f"{milliseconds(best.method.cost.predict_ms)} ms per image"
            if best.method.cost.predict_ms is not None
            else "",
        ]
        if any(parts):
            sentences.append(f"It takes {listing(part for part in parts if part)}.")
    tied = [row for row in ranking.rows if row.standing == "tied"]
    tested = [row for row in ranking.rows[1:] if row.standing in ("tied", "below")]
    if tied:
        sentences.append(_cheapest(best, tied))
    elif tested and len(tested) == len(ranking.rows) - 1:
        sentences.append("Its lead over every other method is significant.")
    elif tested:
        sentences.append("Its lead over every method that could be tested is significant.")
    return " ".join(sentences)


def _kinds(ranking: Ranking) -> str:
    """The best method of each kind, and whether the best two of them differ significantly."""
    assert ranking.basis is not None
    first: dict[str, RankedMethod] = {}
    for row in ranking.rows:
        if row.rank is not None and row.method.kind:
            first.setdefault(row.method.kind, row)
    if len(first) < 2:
        return ""
    parts = [
        f"{kind} methods reach {percent(row.evaluations[ranking.basis].accuracy)} % "
        f"({row.method.name})"
        for kind, row in first.items()
    ]
    one, other = list(first.values())[:2]
    pair = find_pair(ranking.pairs[ranking.basis], one.method.name, other.method.name)
    significant = pair.significant if pair else None
    difference = "" if pair is None else f" ({percent(abs(pair.difference))} points)"
    on_test = find_pair(ranking.pairs["test"], one.method.name, other.method.name)
    where = ""
    if ranking.basis == "cv" and on_test and on_test.significant:
        where = f" in cross-validation{difference}, but they do on the test images"
        difference = ""
    judged = {
        True: f"The lead of {one.method.name} over {other.method.name} is significant",
        False: f"{one.method.name} and {other.method.name} do not differ significantly{where}",
        None: f"The lead of {one.method.name} over {other.method.name} could not be tested",
    }[significant]
    sentence = listing(parts)
    return f"{sentence[0].upper()}{sentence[1:]}. {judged}{difference}."


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
    names = listing((row.method.name for row in tied), most=4)
    sentence = f"{names} {'is' if len(tied) == 1 else 'are'} not significantly different from it"
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
