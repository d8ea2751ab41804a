"""The comparison in a few sentences: what was found, and what cannot be concluded from it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from strata.reports.comparison.evaluation import Evaluation
from strata.reports.comparison.pairs import find_pair
from strata.reports.comparison.ranking import Ranked, Ranking
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

#: Costs that are not so many times less are the same: times vary as much from run to run.
CHEAPER = 1.2


@dataclass(frozen=True)
class Verdict:
    """Sentences for people.

    Attributes:
        headline: the best method, its accuracy and interval.
        cost: what it costs, and the cheapest method that cannot be told from it.
        kinds: how far classical and deep methods go; "" where there is one kind only.
        limits: what these results cannot show.
    """

    headline: str
    cost: str
    kinds: str
    limits: list[str]


def verdict(ranking: Ranking) -> Verdict:
    """The sentences of one comparison."""
    best = ranking.best
    if best is None or ranking.basis is None:
        return Verdict("No method has results yet.", "", "", [])
    evaluation = best.evaluations[ranking.basis]
    figures = f"{percent(evaluation.accuracy)} %"
    if known(evaluation.interval.low):
        figures += f" (95 % interval {percent_range(evaluation.interval)})"
    where = _where(ranking, evaluation)
    headline = f"{best.method.name} gets {figures} of the images right in {where}."
    return Verdict(headline, _cost(ranking, best), _kinds(ranking), limits(ranking, evaluation))


def _where(ranking: Ranking, evaluation: Evaluation) -> str:
    if evaluation.folds is None:
        return f"a test on {number_of(evaluation.images, 'image')}"
    folds = evaluation.folds.accuracy.shape[1]
    repeats = f", {evaluation.repeats} times" if evaluation.repeats > 1 else ""
    most = max(e.folds.accuracy.shape[1] for e in ranking.on("cv").values() if e.folds)
    if folds < most:
        return f"{folds} of the {most} folds of cross-validation{repeats}"
    return f"{folds}-fold cross-validation{repeats}"


def _cost(ranking: Ranking, best: Ranked) -> str:
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
        sentences.append("Its lead over every other method is more than noise.")
    elif tested:
        sentences.append("Its lead over every method that could be tested is more than noise.")
    return " ".join(sentences)


def _kinds(ranking: Ranking) -> str:
    """The best method of each kind, and whether the two best of them can be told apart."""
    assert ranking.basis is not None
    first: dict[str, Ranked] = {}
    for row in ranking.rows:
        if row.rank is not None and row.method.family:
            first.setdefault(row.method.family, row)
    if len(first) < 2:
        return ""
    parts = [
        f"{'methods that join both' if kind == 'fused' else f'{kind} methods'} reach "
        f"{percent(row.evaluations[ranking.basis].accuracy)} % ({row.method.name})"
        for kind, row in first.items()
    ]
    one, other = list(first.values())[:2]
    pair = find_pair(ranking.pairs[ranking.basis], one.method.name, other.method.name)
    told = pair.distinguishable if pair else None
    difference = "" if pair is None else f" ({percent(abs(pair.difference))} points)"
    on_test = find_pair(ranking.pairs["test"], one.method.name, other.method.name)
    where = ""
    if ranking.basis == "cv" and on_test and on_test.distinguishable:
        where = " in cross-validation, but on the test images they can"
    judged = {
        True: f"The lead of {one.method.name} over {other.method.name} is more than noise",
        False: f"{one.method.name} and {other.method.name} cannot be told apart{where}",
        None: f"Whether {one.method.name} leads {other.method.name} could not be tested",
    }[told]
    sentence = listing(parts)
    return f"{sentence[0].upper()}{sentence[1:]}. {judged}{difference}."


class _Measure(NamedTuple):
    """A cost that a method within noise may have the least of."""

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


def _cheapest(best: Ranked, tied: list[Ranked]) -> str:
    """Which of the methods within noise is cheapest to fit, or else fastest to use.

    Few folds and many pairs put methods within noise that are far below: these are no advice.
    """
    names = listing((row.method.name for row in tied), most=4)
    sentence = f"{names} {'is' if len(tied) == 1 else 'are'} within noise of it"
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
