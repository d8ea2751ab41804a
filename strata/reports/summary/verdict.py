"""Verdict of a comparison in a few sentences: best method, cost, method kinds, limitations."""

from dataclasses import dataclass

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
from strata.reports.summary.lead import lead
from strata.reports.summary.limits import limits


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
    elif evaluation.folds is not None and len(evaluation.folds.units) > 1:
        figures += f" ({listing(percent(unit) for unit in evaluation.folds.units)} by fold)"
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
    sentences.append(lead(ranking, best))
    return " ".join(sentence for sentence in sentences if sentence)


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
    sentence = listing(parts)
    return f"{sentence[0].upper()}{sentence[1:]}. {_kinds_judged(ranking, one, other)}."


def _kinds_judged(ranking: Ranking, one: RankedMethod, other: RankedMethod) -> str:
    """Significance of the difference of two methods, as a sentence without its full stop."""
    assert ranking.basis is not None
    first, second = one.method.name, other.method.name
    pair = find_pair(ranking.pairs[ranking.basis], first, second)
    significant = pair.significant if pair else None
    difference = "" if pair is None else f" ({percent(abs(pair.difference))} points)"
    judged = {
        True: f"The lead of {first} over {second} is significant",
        False: f"{first} and {second} do not differ significantly",
        None: f"The lead of {first} over {second} could not be tested",
    }[significant]
    on_test = find_pair(ranking.pairs["test"], first, second)
    if ranking.basis == "test" or not on_test or on_test.significant is None:
        return f"{judged}{difference}"
    if not on_test.significant and significant is None:
        return (
            f"{judged} in cross-validation{difference}, and is not significant on the test images"
        )
    if not on_test.significant or (significant and on_test.difference > 0):
        return f"{judged}{difference}"
    ahead = first if on_test.difference > 0 else second
    return (
        f"{judged} in cross-validation{difference}; on the test images {ahead} leads significantly "
        f"({percent(abs(on_test.difference))} points)"
    )
