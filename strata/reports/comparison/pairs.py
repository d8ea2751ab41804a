"""All pairs of methods: by how much they differ, and whether that is more than noise."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations

import numpy as np

from strata.reports.comparison.evaluation import Evaluation, Split, first_run
from strata.reports.statistics.folds import same_folds
from strata.reports.statistics.intervals import Interval, corrected_variance
from strata.reports.statistics.significance import (
    FEW,
    Outcome,
    corrected_t_test,
    holm,
    holm_levels,
    mcnemar,
)

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
        interval: the differences that the test does not reject, at the level at which Holm's
            procedure tests the pair: it leaves out 0 exactly where `p_adjusted` is below `ALPHA`.
            None where no test was possible.
        test: corrected t-test over folds, or McNemar over test images.
        p_adjusted: Holm, over all pairs tested on the split.
        untested: why there is no test, or "".
        interval_at: the interval at another level (0.05 for a confidence of 95 %).
    """

    first: str
    second: str
    split: Split
    difference: float
    interval: Interval | None = None
    test: Outcome | None = None
    p_adjusted: float | None = None
    untested: str = ""
    interval_at: Callable[[float], Interval] | None = None

    @property
    def distinguishable(self) -> bool | None:
        """Whether the difference is more than noise; None where that could not be tested."""
        return None if self.p_adjusted is None else self.p_adjusted < ALPHA


def all_pairs(methods: Mapping[str, Evaluation], split: Split) -> list[Pair]:
    """Every pair of methods that have scores on the split, tested, p-values adjusted together."""
    make = _over_folds if split == "cv" else _over_images
    return adjusted([make(a, b, methods[a], methods[b]) for a, b in combinations(methods, 2)])


def adjusted(pairs: list[Pair]) -> list[Pair]:
    """The pairs with p-values and intervals that take into account how many were tested."""
    pairs = list(pairs)
    tested = [i for i, pair in enumerate(pairs) if pair.test is not None]
    p = np.array([pairs[i].test.p for i in tested])  # type: ignore[union-attr]
    for i, value, level in zip(tested, holm(p), holm_levels(p, ALPHA), strict=True):
        interval_at = pairs[i].interval_at
        interval = interval_at(float(level)) if interval_at else None
        pairs[i] = replace(pairs[i], p_adjusted=float(value), interval=interval)
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
    lead = values * first.folds.unit_images  # in images: folds need not be of one size
    if abs(difference) > EPSILON and min(np.ptp(values), np.ptp(lead)) <= 1e-9:
        same = "it is the same on every fold, so there is no spread to compare it with"
        return Pair(a, b, "cv", difference, untested=same)
    ratio = first.folds.test_per_train
    test = corrected_t_test(values, ratio)
    interval_at = partial(_t_interval, difference, corrected_variance(values, ratio), len(values))
    return Pair(a, b, "cv", difference, test=test, interval_at=interval_at)


def _t_interval(difference: float, variance: float, folds: int, level: float) -> Interval:
    from scipy.special import stdtrit

    half = float(stdtrit(folds - 1, 1 - level / 2)) * variance**0.5
    return Interval(max(-1.0, difference - half), min(1.0, difference + half))


def _over_images(a: str, b: str, first: Evaluation, second: Evaluation) -> Pair:
    one, two = first_run(first.scores), first_run(second.scores)
    right, other = one.predictions == one.labels, two.predictions == two.labels
    difference = float(right.mean() - other.mean())
    if one.ids != two.ids:
        return Pair(a, b, "test", difference, untested="they were not scored on the same images")
    only_first, only_second = int((right & ~other).sum()), int((other & ~right).sum())
    test = mcnemar(only_first, only_second)
    interval_at = partial(difference_interval, only_first, only_second, len(right))
    return Pair(a, b, "test", difference, test=test, interval_at=interval_at)


def difference_interval(only_first: int, only_second: int, n: int, level: float) -> Interval:
    """Interval of the difference of two accuracies on the same n images, of confidence 1 - level.

    The differences d that a test does not reject; at d = 0 it is the one of `mcnemar`, so
    interval and test never disagree. b and c images are right by one method only, q is the most
    likely share of the second kind given d. A score test, by (|b - c - n d| - 1)^2 /
    (n (2 q + d (1 - d))) where 1 is the continuity correction; below `FEW` such images the end
    nearer to 0 is that of the binomial test of b out of b + c against (q + d) / (2 q + d).

    Source: T. Tango, "Equivalence test and confidence interval for the difference in proportions
    for the paired-sample design", Statistics in Medicine 17 (1998), 891-908.
    """
    from scipy.optimize import brentq
    from scipy.special import bdtrc, ndtri

    if only_first < only_second:
        low, high = difference_interval(only_second, only_first, n, level)
        return Interval(-high, -low)
    lead, unlike = only_first - only_second, only_first + only_second
    critical = float(ndtri(1 - level / 2)) ** 2

    def share(d: float) -> float:
        linear = (2 * n - lead) * d - unlike
        root = linear**2 + 8 * n * only_second * d * (1 - d)
        return float((max(0.0, root) ** 0.5 - linear) / (4 * n))

    def excess(d: float) -> float:
        """Above 0 where the score test rejects d."""
        distance = max(0.0, abs(lead - n * d) - 1)
        return distance**2 - critical * n * max(0.0, 2 * share(d) + d * (1 - d))

    def exact(d: float) -> float:
        """Above 0 where the binomial test rejects a d that is below what was seen."""
        q = max(0.0, share(d), -d)
        return level / 2 - float(bdtrc(only_first - 1, unlike, (q + d) / (2 * q + d)))

    def end(side: int) -> float:
        """Where rejection begins, on one side; within half an image nothing is rejected."""
        if side < 0 < lead and unlike < FEW:
            return float(brentq(exact, -1, lead / n, xtol=1e-10))
        inside = (lead + side / 2) / n
        if abs(inside) >= 1 or excess(side) <= 0:
            return float(side)
        return float(brentq(excess, inside, side, xtol=1e-10))

    return Interval(end(-1), end(1))


def find_pair(pairs: list[Pair], a: str, b: str) -> Pair | None:
    """The pair of two methods, in whichever order it was made."""
    return next((pair for pair in pairs if {pair.first, pair.second} == {a, b}), None)
