"""All pairs of methods: by how much they differ, and whether that is more than noise."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from strata.reports.evaluation import Evaluation, Split, first_run
from strata.reports.folds import same_folds
from strata.reports.intervals import Interval, corrected_variance
from strata.reports.significance import Outcome, corrected_t_test, holm, mcnemar

#: A difference counts as more than noise below this adjusted p-value.
ALPHA = 0.05
#: Accuracies nearer to each other than this are the same.
EPSILON = 1e-12


@dataclass(frozen=True)
class Pair:
    """Two methods on one split.

    Attributes:
        difference: accuracy of `first` less that of `second`; on test images that of the first
            repeat, which is also what is tested.
        interval: 95 %, not adjusted for the number of pairs; None where no test was possible.
        test: corrected t-test over folds, or McNemar over test images.
        p_adjusted: Holm, over all pairs tested on the split.
        untested: why there is no test, or "".
    """

    first: str
    second: str
    split: Split
    difference: float
    interval: Interval | None = None
    test: Outcome | None = None
    p_adjusted: float | None = None
    untested: str = ""

    @property
    def distinguishable(self) -> bool | None:
        """Whether the difference is more than noise; None where that could not be tested."""
        return None if self.p_adjusted is None else self.p_adjusted < ALPHA


def all_pairs(methods: Mapping[str, Evaluation], split: Split) -> list[Pair]:
    """Every pair of methods that have scores on the split, tested, p-values adjusted together."""
    make = _over_folds if split == "cv" else _over_images
    pairs = [make(a, b, methods[a], methods[b]) for a, b in combinations(methods, 2)]
    tested = [i for i, pair in enumerate(pairs) if pair.test is not None]
    adjusted = holm(np.array([pairs[i].test.p for i in tested]))  # type: ignore[union-attr]
    for i, p in zip(tested, adjusted, strict=True):
        pairs[i] = Pair(**{**vars(pairs[i]), "p_adjusted": float(p)})
    return pairs


def _over_folds(a: str, b: str, first: Evaluation, second: Evaluation) -> Pair:
    difference = first.accuracy - second.accuracy
    assert first.folds is not None
    assert second.folds is not None
    if not same_folds(first.scores, second.scores):
        return Pair(a, b, "cv", difference, untested="they were not scored on the same folds")
    values = first.folds.units - second.folds.units
    if len(values) < 2:
        return Pair(a, b, "cv", difference, untested="one fold alone shows no spread")
    if abs(difference) > EPSILON and np.ptp(values) <= EPSILON:
        same = "it is the same on every fold, so there is no spread to compare it with"
        return Pair(a, b, "cv", difference, untested=same)
    from scipy.special import stdtrit

    ratio = first.folds.test_per_train
    half = float(stdtrit(len(values) - 1, 0.975)) * corrected_variance(values, ratio) ** 0.5
    test = corrected_t_test(values, ratio)
    return Pair(a, b, "cv", difference, Interval(difference - half, difference + half), test)


def _over_images(a: str, b: str, first: Evaluation, second: Evaluation) -> Pair:
    one, two = first_run(first.scores), first_run(second.scores)
    right, other = one.predictions == one.labels, two.predictions == two.labels
    difference = float(right.mean() - other.mean())
    if one.ids != two.ids:
        return Pair(a, b, "test", difference, untested="they were not scored on the same images")
    only_first, only_second = int((right & ~other).sum()), int((other & ~right).sum())
    interval = difference_interval(only_first, only_second, len(right))
    return Pair(a, b, "test", difference, interval, mcnemar(only_first, only_second))


def difference_interval(only_first: int, only_second: int, n: int) -> Interval:
    """95 % interval of the difference of two accuracies on the same n images.

    The plain interval of Agresti and Min with half an image added to each of the four cells:
    A. Agresti and Y. Min, "Simple improved confidence intervals for comparing matched
    proportions", Statistics in Medicine 24 (2005), 729-740.
    """
    from scipy.special import ndtri

    b, c, total = only_first + 0.5, only_second + 0.5, n + 2
    mean = (b - c) / total
    half = float(ndtri(0.975)) * np.sqrt(b + c - (b - c) ** 2 / total) / total
    return Interval(float(max(-1.0, mean - half)), float(min(1.0, mean + half)))


def find_pair(pairs: list[Pair], a: str, b: str) -> Pair | None:
    """The pair of two methods, in whichever order it was made."""
    return next((pair for pair in pairs if {pair.first, pair.second} == {a, b}), None)
