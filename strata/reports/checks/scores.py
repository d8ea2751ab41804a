"""Questions about what a method scores: on training, held-out and test images."""

from collections.abc import Iterator

import numpy as np

from strata.reports.checks.base import Finding, NotApplicable, rule
from strata.reports.comparison.evaluation import SPLIT_NAMES, Evaluation
from strata.reports.comparison.ranking import Ranking
from strata.reports.formatting import listing, number_of, percent, percent_range
from strata.reports.statistics.calibration import Reliability
from strata.reports.statistics.folds import odd_folds
from strata.reports.statistics.intervals import Interval, wilson
from strata.reports.statistics.metrics import majority_rate

#: By so much a method must be able to beat a constant answer, for all that the interval says.
WORTH_HAVING = 0.10
#: Accuracy on training images may be so far above that on held-out ones.
GAP = 0.10
#: Stated confidence may be so far from accuracy, on average.
MISCALIBRATED = 0.10


@rule(
    "R02",
    "Against naming the largest class",
    "A method that does not beat a constant answer has learned nothing of use.",
    "Look at its training curve, its learning rate and whether its labels are in order.",
)
def no_better_than_majority(ranking: Ranking) -> Iterator[Finding]:
    """Not above the rate of the largest class, or too few images to tell.

    An issue only where the interval leaves no room for a gain worth having. Test images alone
    raise no doubt about what cross-validation has shown.
    """
    if not ranking.rows:
        raise NotApplicable("no method has results")
    for row in ranking.rows:
        for evaluation in row.evaluations.values():
            rate = majority_rate(evaluation.scores.labels)
            interval = _interval(evaluation)
            if interval.low > rate:
                break
            useless = interval.high < rate + WORTH_HAVING
            yield Finding(
                "issue" if useless else "tip",
                f"{row.method.name}: {percent(evaluation.accuracy)} % "
                f"({percent_range(interval)}), {SPLIT_NAMES[evaluation.split]}; "
                f"always naming the largest class gives {percent(rate)} %"
                + (
                    "."
                    if useless
                    else f", and {number_of(evaluation.images, 'image')} are too few to tell."
                ),
                row.method.name,
            )


@rule(
    "R03",
    "Classes that are never recognized",
    "The accuracy may look fine while a class is lost altogether.",
    "Look at the class's images and their number; weigh classes, or collect more of it.",
)
def never_right(ranking: Ranking) -> Iterator[Finding]:
    """Classes of which no image is recognized."""
    if not ranking.rows:
        raise NotApplicable("no method has results")
    classes = ranking.comparison.data.classes
    for row in ranking.rows:
        evaluation = next(iter(row.evaluations.values()))
        lost = np.flatnonzero(evaluation.per_class.recall == 0)
        if lost.size:
            names = listing(classes[c] for c in lost)
            yield Finding(
                "issue",
                f"{row.method.name} gets no image of {names} right.",
                row.method.name,
            )


@rule(
    "R04",
    "Test against cross-validation",
    "Test images that score far lower come from elsewhere, or copies on both sides of the "
    "folds made cross-validation too good.",
    "Audit the data for copies, and compare how the two sets were taken.",
)
def test_far_below(ranking: Ranking) -> Iterator[Finding]:
    """Test accuracy that lies wholly below the cross-validated interval."""
    rows = [row for row in ranking.rows if {"cv", "test"} <= set(row.evaluations)]
    if not rows:
        raise NotApplicable("no method has both cross-validated and test scores")
    for row in rows:
        cv, test = row.evaluations["cv"], row.evaluations["test"]
        if test.interval.high < cv.interval.low:
            yield Finding(
                "issue",
                f"{row.method.name}: {percent(cv.accuracy)} % ({percent_range(cv.interval)}) in "
                f"cross-validation, {percent(test.accuracy)} % "
                f"({percent_range(test.interval)}) on the test images.",
                row.method.name,
            )


@rule(
    "R05",
    "Folds far from the others",
    "A fold far from the others points at odd images in it, or at a fit that broke down.",
    "Look at that fold's mistakes and at its training history.",
)
def odd_fold(ranking: Ranking) -> Iterator[Finding]:
    """A fold whose accuracy is further from the other folds' than its images explain."""
    tables = {
        row.method.name: row.evaluations["cv"].folds
        for row in ranking.rows
        if "cv" in row.evaluations
    }
    if not any(table and table.accuracy.shape[1] > 1 for table in tables.values()):
        raise NotApplicable("nothing was cross-validated over two folds or more")
    for name, table in tables.items():
        several = table is not None and not table.shared
        for odd in odd_folds(table) if table else []:
            yield Finding(
                "tip",
                f"{name}: {percent(odd.accuracy)} % in fold {odd.fold + 1}"
                f"{' of the first repeat' if several else ''}, "
                f"{percent(odd.others)} % in the others.",
                name,
            )


@rule(
    "R06",
    "Gap between training and held-out images",
    f"A gap above {100 * GAP:.0f} points, beyond the interval, means that the method has learned "
    "its images by heart.",
    "Regularize more, augment, take a smaller model, or collect more images.",
)
def train_gap(ranking: Ranking) -> Iterator[Finding]:
    """Training accuracy far above all that held-out accuracy may be."""
    rows = [row for row in ranking.rows if row.method.training_accuracy is not None]
    if not rows:
        raise NotApplicable("no method reports its accuracy on the training images")
    for row in rows:
        training = row.method.training_accuracy
        held_out = next(iter(row.evaluations.values()))
        interval = _interval(held_out)
        if training is not None and training - interval.high > GAP:
            yield Finding(
                "tip",
                f"{row.method.name}: {percent(training)} % on the images that it was fitted on, "
                f"{percent(held_out.accuracy)} % ({percent_range(interval)}) on held-out ones.",
                row.method.name,
            )


@rule(
    "R12",
    "Stated probabilities",
    "Thresholds and costs that are set on probabilities go wrong where these are off.",
    "Calibrate on held-out images.",
)
def miscalibrated(ranking: Ranking) -> Iterator[Finding]:
    """Probabilities that do not mean what they say."""
    rows = [
        (row, e.probabilistic)
        for row in ranking.rows
        for e in list(row.evaluations.values())[:1]
        if e.probabilistic
    ]
    if not rows:
        raise NotApplicable("no method gives probabilities")
    for row, figures in rows:
        error, stated, right = figures.reliability.error, *_means(figures.reliability)
        if error > MISCALIBRATED:
            yield Finding(
                "tip",
                f"{row.method.name}: stated confidence is off by {percent(error)} points on "
                f"average, {'too sure' if stated > right else 'not sure enough'}: it states "
                f"{percent(stated)} % and gets {percent(right)} % right.",
                row.method.name,
            )


def _means(curve: Reliability) -> tuple[float, float]:
    """Mean confidence and accuracy over all images."""
    there = curve.images > 0
    shares = curve.images[there] / curve.images.sum()
    return float(shares @ curve.confidence[there]), float(shares @ curve.accuracy[there])


def _interval(evaluation: Evaluation) -> Interval:
    """The evaluation's interval; where folds give none, as if the images were test images."""
    if np.isfinite(evaluation.interval.low):
        return evaluation.interval
    return wilson(evaluation.accuracy * evaluation.images, evaluation.images)
