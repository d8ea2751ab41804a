"""Limitations of the results, listed below the verdict."""

from strata.reports.comparison.evaluation import Evaluation
from strata.reports.comparison.ranking import Ranking
from strata.reports.formatting import listing, number_of, percent
from strata.reports.statistics.metrics import majority_baseline
from strata.reports.summary.power import power_notes

#: A difference of accuracies that a reader would expect to be significant.
WIDE = 0.05


def limits(ranking: Ranking, evaluation: Evaluation) -> list[str]:
    """Limitations as sentences; `evaluation` is that of the best method on the split that ranks."""
    found = []
    rate = majority_baseline(evaluation.scores.labels)
    if ranking.best and evaluation.some_interval.low <= rate:
        found.append(
            f"{ranking.best.method.name} is not shown to beat the majority-class baseline of "
            f"{percent(rate)} %."
        )
    if ranking.basis == "test" and len(ranking.rows) > 1:
        found.append(
            "Methods are ranked by test accuracy, so that of the best one is optimistically "
            "biased: it was selected on the same images."
        )
    if ranking.basis == "cv" and not ranking.on("test") and len(ranking.rows) > 1:
        found.append(
            "No test images were scored: the cross-validated accuracy of the best of several "
            "methods is optimistically biased, and accuracy on new images is expected to be "
            "slightly lower."
        )
    found += power_notes(ranking)
    far = [
        row.to_best
        for row in ranking.rows
        if row.standing == row.mark == "tied" and row.to_best and abs(row.to_best.difference) > WIDE
    ]
    if far:
        found.append(_coarse(ranking, evaluation, max(abs(pair.difference) for pair in far)))
    if all(e.repeats == 1 for row in ranking.rows for e in row.evaluations.values()):
        found.append(
            "Every method was run with one seed: the variance of accuracy over seeds is unknown."
        )
    if ranking.failed:
        names = listing(method.name for method in ranking.failed)
        found.append(f"There are no results of {names}.")
    return found


def _coarse(ranking: Ranking, evaluation: Evaluation, difference: float) -> str:
    """The largest difference that is not significant, and what would increase the tests' power."""
    assert ranking.basis is not None
    pairs = sum(pair.test is not None for pair in ranking.pairs[ranking.basis])
    if evaluation.folds is None:
        on, more = number_of(evaluation.images, "image"), "More test images"
    else:
        on, more = number_of(len(evaluation.folds.units), "fold"), "More repeats"
    return (
        f"Differences up to {percent(difference)} points are not significant here, with "
        f"{number_of(pairs, 'pair')} of methods tested on {on}. "
        f"{more}{' or fewer methods' if pairs > 1 else ''} would increase the power of the tests."
    )
