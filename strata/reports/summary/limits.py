"""What these results cannot show, said before a reader believes it."""

from strata.reports.comparison.evaluation import Evaluation
from strata.reports.comparison.ranking import Ranking
from strata.reports.formatting import listing, number_of, percent
from strata.reports.statistics.metrics import majority_rate

#: A difference of accuracies that a reader would not expect to be noise.
WIDE = 0.05


def limits(ranking: Ranking, evaluation: Evaluation) -> list[str]:
    """Sentences; `evaluation` is that of the best method on the split that ranks."""
    found = []
    rate = majority_rate(evaluation.scores.labels)
    if ranking.best and evaluation.interval.low <= rate:
        found.append(
            f"That {ranking.best.method.name} beats always naming the largest class, which gets "
            f"{percent(rate)} % right, is not shown."
        )
    if ranking.basis == "test" and len(ranking.rows) > 1:
        found.append(
            "Methods are ranked by the test images, so the best figure is somewhat too good: "
            "part of its lead is the luck of being chosen on them."
        )
    if ranking.basis == "cv" and not ranking.on("test") and len(ranking.rows) > 1:
        found.append(
            "No test images were scored: the best of several cross-validated figures is "
            "somewhat too good, and new images would be expected to score a little lower."
        )
    far = [r.to_best for r in ranking.near_best if r.to_best and abs(r.to_best.difference) > WIDE]
    if far:
        found.append(_coarse(ranking, evaluation, max(abs(pair.difference) for pair in far)))
    if all(e.repeats == 1 for row in ranking.rows for e in row.evaluations.values()):
        found.append(
            "Every method was run with one seed: how much another seed would move the figures "
            "is not known."
        )
    if ranking.failed:
        names = listing(method.name for method in ranking.failed)
        found.append(f"There are no results of {names}.")
    return found


def _coarse(ranking: Ranking, evaluation: Evaluation, difference: float) -> str:
    """How large a difference these results cannot tell from noise, and what would show more."""
    assert ranking.basis is not None
    pairs = sum(pair.test is not None for pair in ranking.pairs[ranking.basis])
    if evaluation.folds is None:
        on, more = number_of(evaluation.images, "image"), "More test images"
    else:
        on, more = number_of(len(evaluation.folds.units), "fold"), "More repeats"
    return (
        f"Differences up to {percent(difference)} points cannot be told from noise here, with "
        f"{number_of(pairs, 'pair')} of methods to test on {on}. "
        f"{more}{' or fewer methods' if pairs > 1 else ''} would show more."
    )
