"""Checks of a method's scores on training, held-out and test images."""

from collections.abc import Iterator

import numpy as np

from strata.reports.checks.base import NotApplicable, Observation, check
from strata.reports.comparison.evaluation import SPLIT_NAMES
from strata.reports.comparison.ranking import Ranking
from strata.reports.formatting import listing, number_of, percent, percent_range
from strata.reports.statistics.calibration import Reliability
from strata.reports.statistics.folds import outlying_folds
from strata.reports.statistics.metrics import majority_baseline

#: Gain over the majority-class baseline that is worth having; an issue if the interval excludes it.
WORTH_HAVING = 0.10
#: Largest accepted gap between training and held-out accuracy.
GAP = 0.10
#: Largest accepted expected calibration error.
MISCALIBRATED = 0.10


@check(
    "R02",
    "Majority-class baseline",
    "A classifier that does not beat the majority-class baseline has learned nothing useful.",
    "Look at its learning curve, its learning rate and its labels.",
)
def no_better_than_majority(ranking: Ranking) -> Iterator[Observation]:
    """Accuracy not significantly above the majority-class baseline.

    An issue only where the interval excludes a gain worth having, else a tip. Test images alone
    raise no doubt about what cross-validation has shown.
    """
    if not ranking.rows:
        raise NotApplicable("no method has results")
    for row in ranking.rows:
        for evaluation in row.evaluations.values():
            rate = majority_baseline(evaluation.scores.labels)
            interval = evaluation.some_interval
            if interval.low > rate:
                break
            useless = interval.high < rate + WORTH_HAVING
            yield Observation(
                "issue" if useless else "tip",
                f"{row.method.name}: {percent(evaluation.accuracy)} % "
                f"({percent_range(interval)}), {SPLIT_NAMES[evaluation.split]}; "
                f"the majority-class baseline is {percent(rate)} %"
                + (
                    "."
                    if useless
                    else f", and {number_of(evaluation.images, 'image')} are too few to decide."
                ),
                row.method.name,
            )


@check(
    "R03",
    "Classes with a recall of zero",
    "Overall accuracy may look fine while a class is never predicted correctly.",
    "Look at what its images are taken for, in the confusion matrix. If it has fewer images than "
    "other classes, use class weights; if all have few, collect more.",
)
def zero_recall(ranking: Ranking) -> Iterator[Observation]:
    """Classes with a recall of zero."""
    if not ranking.rows:
        raise NotApplicable("no method has results")
    classes = ranking.comparison.data.classes
    for row in ranking.rows:
        evaluation = next(iter(row.evaluations.values()))
        lost = np.flatnonzero(evaluation.per_class.recall == 0)
        if lost.size:
            names = listing(classes[c] for c in lost)
            yield Observation(
                "issue",
                f"{row.method.name}: recall of {names} is zero.",
                row.method.name,
            )


@check(
    "R04",
    "Test accuracy against cross-validation",
    "A much lower test accuracy points at a distribution shift, or at duplicates across folds "
    "that bias cross-validation.",
    "Audit the data for duplicates, and compare how the two sets were collected.",
)
def test_far_below(ranking: Ranking) -> Iterator[Observation]:
    """Confidence interval of the test accuracy entirely below that of cross-validation."""
    rows = [row for row in ranking.rows if {"cv", "test"} <= set(row.evaluations)]
    if not rows:
        raise NotApplicable("no method has both cross-validated and test scores")
    for row in rows:
        cv, test = row.evaluations["cv"], row.evaluations["test"]
        if test.interval.high < cv.interval.low:
            yield Observation(
                "issue",
                f"{row.method.name}: {percent(cv.accuracy)} % ({percent_range(cv.interval)}) in "
                f"cross-validation, {percent(test.accuracy)} % "
                f"({percent_range(test.interval)}) on the test images.",
                row.method.name,
            )


@check(
    "R05",
    "Outlying folds",
    "An outlying fold points at unusual images in it, or at a fit that failed.",
    "Look at that fold's errors and at its training history.",
)
def outlying_fold(ranking: Ranking) -> Iterator[Observation]:
    """Folds whose accuracy differs significantly from that of the other folds."""
    tables = {
        row.method.name: row.evaluations["cv"].folds
        for row in ranking.rows
        if "cv" in row.evaluations
    }
    if not any(table and table.accuracy.shape[1] > 1 for table in tables.values()):
        raise NotApplicable("nothing was cross-validated over two folds or more")
    for name, table in tables.items():
        several = table is not None and not table.shared
        for fold in outlying_folds(table) if table else []:
            yield Observation(
                "tip",
                f"{name}: {percent(fold.accuracy)} % in fold {fold.fold + 1}"
                f"{' of the first repeat' if several else ''}, "
                f"{percent(fold.others)} % in the others.",
                name,
            )


@check(
    "R06",
    "Generalization gap",
    f"A gap above {100 * GAP:.0f} points, beyond the confidence interval, indicates overfitting.",
    "Regularize more, augment, use a smaller model, or collect more images.",
)
def train_gap(ranking: Ranking) -> Iterator[Observation]:
    """Training accuracy more than `GAP` above the interval of held-out accuracy."""
    rows = [row for row in ranking.rows if row.method.training_accuracy is not None]
    if not rows:
        raise NotApplicable("no method reports its accuracy on the training images")
    for row in rows:
        training = row.method.training_accuracy
        held_out = next(iter(row.evaluations.values()))
        interval = held_out.some_interval
        if training is not None and training - interval.high > GAP:
            yield Observation(
                "tip",
                f"{row.method.name}: {percent(training)} % on the training images, "
                f"{percent(held_out.accuracy)} % ({percent_range(interval)}) on held-out ones.",
                row.method.name,
            )


@check(
    "R12",
    "Calibration of probabilities",
    "Decision thresholds and expected costs are wrong where probabilities are miscalibrated.",
    "Calibrate on held-out images, for example by temperature scaling.",
)
def miscalibrated(ranking: Ranking) -> Iterator[Observation]:
    """Expected calibration error above `MISCALIBRATED`."""
    rows = [
        (row, e.probabilistic)
        for row in ranking.rows
        for e in list(row.evaluations.values())[:1]
        if e.probabilistic
    ]
    if not rows:
        raise NotApplicable("no method gives probabilities")
    for row, figures in rows:
        error = figures.reliability.error
        confidence, accuracy = _means(figures.reliability)
        if error > MISCALIBRATED:
            yield Observation(
                "tip",
                f"{row.method.name}: expected calibration error of {percent(error)} points, "
                f"{'overconfident' if confidence > accuracy else 'underconfident'}: mean "
                f"confidence {percent(confidence)} %, accuracy {percent(accuracy)} %.",
                row.method.name,
            )


def _means(curve: Reliability) -> tuple[float, float]:
    """Mean confidence and accuracy over all images."""
    there = curve.images > 0
    shares = curve.images[there] / curve.images.sum()
    return float(shares @ curve.confidence[there]), float(shares @ curve.accuracy[there])
