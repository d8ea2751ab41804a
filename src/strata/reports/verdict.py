"""The comparison in a few sentences: what was found, and what cannot be concluded from it."""

from collections.abc import Callable
from dataclasses import dataclass

from strata.reports.evaluation import Evaluation
from strata.reports.ranking import Ranked, Ranking
from strata.reports.results import Cost
from strata.reports.text import duration, listing, milliseconds, number_of, percent, percent_range


@dataclass(frozen=True)
class Verdict:
    """Sentences for people.

    Attributes:
        headline: the best method, its accuracy and interval.
        cost: what it costs, and the cheapest method that cannot be told from it.
        limits: what these results cannot show.
    """

    headline: str
    cost: str
    limits: list[str]


def verdict(ranking: Ranking) -> Verdict:
    """The sentences of one comparison."""
    best = ranking.best
    if best is None or ranking.basis is None:
        return Verdict("No method has results yet.", "", [])
    evaluation = best.evaluations[ranking.basis]
    figures = f"{percent(evaluation.accuracy)} %"
    if evaluation.interval.low == evaluation.interval.low:
        figures += f" (95 % interval {percent_range(evaluation.interval)})"
    where = _where(evaluation)
    headline = f"{best.method.name} gets {figures} of the images right in {where}."
    return Verdict(headline, _cost(ranking, best), _limits(ranking, evaluation))


def _where(evaluation: Evaluation) -> str:
    if evaluation.folds is None:
        return f"a test on {number_of(evaluation.images, 'image')}"
    folds = evaluation.folds.accuracy.shape[1]
    repeats = f", {evaluation.repeats} times" if evaluation.repeats > 1 else ""
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


def _cheapest(best: Ranked, tied: list[Ranked]) -> str:
    """Which of the methods within noise is cheapest to fit, or else fastest to use."""
    names = listing((row.method.name for row in tied), most=4)
    verb = "is" if len(tied) == 1 else "are"
    sentence = f"{names} {verb} within noise of it"
    for what, unit, measure in _MEASURES:
        known = [row for row in [best, *tied] if _measure(row, measure) is not None]
        if len(known) < 2:
            continue
        cheapest = min(known, key=lambda row: _measure(row, measure) or 0.0)
        if cheapest is best:
            continue
        own, top = _measure(cheapest, measure), _measure(best, measure)
        times = f", {top / own:.1f} times less" if own and top else ""
        subject = "" if len(tied) == 1 else f" {cheapest.method.name}"
        joint = f" and{subject} {what}" if len(tied) == 1 else f";{subject} {what}"
        return f"{sentence}{joint} ({unit(own)}{times})."
    return (
        f"{sentence}, and none of them is cheaper."
        if len(tied) > 1
        else (f"{sentence}, and not cheaper.")
    )


def _measure(row: Ranked, measure: Callable[[Cost], float | None]) -> float | None:
    return None if row.method.cost is None else measure(row.method.cost)


_MEASURES: list[tuple[str, Callable[[float | None], str], Callable[[Cost], float | None]]] = [
    ("costs the least to fit", duration, lambda cost: cost.fit_seconds),
    (
        "takes the least time per image",
        lambda value: f"{milliseconds(value)} ms",
        lambda cost: cost.predict_ms,
    ),
]


def _limits(ranking: Ranking, evaluation: Evaluation) -> list[str]:
    limits = []
    if ranking.basis == "test" and len(ranking.rows) > 1:
        limits.append(
            "Methods are ranked by the test images, so the best figure is somewhat too good: "
            "part of its lead is the luck of being chosen on them."
        )
    if ranking.basis == "cv" and not ranking.on("test"):
        limits.append(
            "No test images were scored: the best of several cross-validated figures is "
            "somewhat too good, and new images would be expected to score a little lower."
        )
    if evaluation.repeats == 1:
        limits.append(
            "Every method was run with one seed: how much another seed would move the figures "
            "is not known."
        )
    if ranking.failed:
        names = listing(method.name for method in ranking.failed)
        limits.append(f"There are no results of {names}.")
    return limits
