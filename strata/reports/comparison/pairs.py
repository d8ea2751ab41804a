"""Pairwise differences of methods: paired significance tests with Holm correction, intervals."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations

import numpy as np
from scipy.optimize import brentq
from scipy.special import bdtrc, ndtri, stdtrit

from strata.reports.comparison.evaluation import Evaluation, Split, first_repeat
from strata.reports.statistics.folds import MIN_UNITS, same_folds
from strata.reports.statistics.intervals import Interval, corrected_variance
from strata.reports.statistics.significance import (
    EXACT_BELOW,
    SignificanceResult,
    corrected_t_test,
    holm,
    holm_levels,
    mcnemar_test,
)

#: Significance level of the adjusted p-values.
ALPHA = 0.05
#: Accuracies that differ by less are equal.
EPSILON = 1e-12


@dataclass(frozen=True)
class Pair:
    """Difference of two methods on one split.

    Attributes:
        difference: accuracy of `first` minus that of `second`; on test images that of the first
            repeat, which is also what is tested.
        interval: the test inverted (all differences that it does not reject), at the level at which
            Holm's procedure tests the pair: it excludes 0 exactly where `p_adjusted` is below
            `ALPHA`. None where no test was possible.
        test: corrected resampled t-test over folds, or McNemar's test over test images.
        p_adjusted: Holm-adjusted p-value, over all pairs tested on the split.
        untested: why there is no test, or "".
        interval_at: the interval at another level (0.05 for a confidence of 95 %).
    """

    first: str
    second: str
    split: Split
    difference: float
    interval: Interval | None = None
    test: SignificanceResult | None = None
    p_adjusted: float | None = None
    untested: str = ""
    interval_at: Callable[[float], Interval] | None = None

    @property
    def significant(self) -> bool | None:
        """True if the difference is significant; None where it could not be tested."""
        return None if self.p_adjusted is None else self.p_adjusted < ALPHA


def pairwise_tests(methods: Mapping[str, Evaluation], split: Split) -> list[Pair]:
    """Every pair of methods on the split, tested, with p-values adjusted together."""
    make = _over_folds if split == "cv" else _over_images
    return holm_corrected([make(a, b, methods[a], methods[b]) for a, b in combinations(methods, 2)])


def holm_corrected(pairs: list[Pair]) -> list[Pair]:
    """The pairs with p-values and intervals corrected for the number of tests (Holm)."""
    pairs = list(pairs)
    tested = [i for i, pair in enumerate(pairs) if pair.test is not None]
    p = np.array([pairs[i].test.p for i in tested])  # type: ignore[union-attr]
    for i, value, level in zip(tested, holm(p), holm_levels(p, ALPHA), strict=True):
        interval_at = pairs[i].interval_at
        interval = interval_at(float(level)) if interval_at else None
        pairs[i] = replace(pairs[i], p_adjusted=float(value), interval=interval)
    return pairs


def _over_folds(a: str, b: str, first: Evaluation, second: Evaluation) -> Pair:
    """Corrected resampled t-test of two methods on the same folds."""
    difference = first.accuracy - second.accuracy
    assert first.folds is not None
    assert second.folds is not None
    if not same_folds(first.scores, second.scores):
        return Pair(a, b, "cv", difference, untested="the folds are not the same")
    values = first.folds.units - second.folds.units
    if len(values) < 2:
        return Pair(a, b, "cv", difference, untested="a single fold has no variance")
    counts = values * first.folds.unit_images  # in images: folds may differ in size
    if len(values) < MIN_UNITS:
        few = f"{len(values)} folds are too few, they leave one degree of freedom"
        return Pair(a, b, "cv", difference, untested=few)
    if abs(difference) > EPSILON and min(np.ptp(values), np.ptp(counts)) <= 1e-9:
        same = "it is the same on every fold, so its variance is zero"
        return Pair(a, b, "cv", difference, untested=same)
    ratio = first.folds.test_per_train
    test = corrected_t_test(values, ratio)
    interval_at = partial(_t_interval, difference, corrected_variance(values, ratio), len(values))
    return Pair(a, b, "cv", difference, test=test, interval_at=interval_at)


def _t_interval(difference: float, variance: float, folds: int, level: float) -> Interval:
    """Corrected resampled t interval of the difference, clipped to [-1, 1]."""
    half = float(stdtrit(folds - 1, 1 - level / 2)) * variance**0.5
    return Interval(max(-1.0, difference - half), min(1.0, difference + half))


def _over_images(a: str, b: str, first: Evaluation, second: Evaluation) -> Pair:
    """McNemar's test of two methods on the same test images."""
    one, two = first_repeat(first.scores), first_repeat(second.scores)
    right_one, right_two = one.predictions == one.labels, two.predictions == two.labels
    difference = float(right_one.mean() - right_two.mean())
    if one.ids != two.ids:
        return Pair(a, b, "test", difference, untested="the images are not the same")
    only_first = int((right_one & ~right_two).sum())
    only_second = int((right_two & ~right_one).sum())
    test = mcnemar_test(only_first, only_second)
    interval_at = partial(difference_interval, only_first, only_second, len(right_one))
    return Pair(a, b, "test", difference, test=test, interval_at=interval_at)


def difference_interval(only_first: int, only_second: int, n: int, level: float) -> Interval:
    """Confidence interval, at 1 - level, of the difference of two accuracies on the same n images.

    It holds the differences d that a test does not reject; at d = 0 the test is `mcnemar_test`, so
    interval and test never disagree. b and c images are classified right by one method only, q is
    the maximum-likelihood share of the second kind given d. A score test, by (|b - c - n d| - 1)^2
    / (n (2 q + d (1 - d))) where 1 is the continuity correction; below `EXACT_BELOW` such images
    the end nearer to 0 is that of the binomial test of b out of b + c against (q + d) / (2 q + d).

    Source: T. Tango, "Equivalence test and confidence interval for the difference in proportions
    for the paired-sample design", Statistics in Medicine 17 (1998), 891-908.

    Args:
        only_first, only_second: b and c, the discordant images.
        n: images in all.
        level: significance level, 0.05 for a confidence of 95 %.
    """
    if only_first < only_second:
        low, high = difference_interval(only_second, only_first, n, level)
        return Interval(-high, -low)
    lead, discordant = only_first - only_second, only_first + only_second
    critical = float(ndtri(1 - level / 2)) ** 2

    def share(d: float) -> float:
        linear = (2 * n - lead) * d - discordant
        root = linear**2 + 8 * n * only_second * d * (1 - d)
        return float((max(0.0, root) ** 0.5 - linear) / (4 * n))

    def excess(d: float) -> float:
        """Positive where the score test rejects d."""
        distance = max(0.0, abs(lead - n * d) - 1)
        return distance**2 - critical * n * max(0.0, 2 * share(d) + d * (1 - d))

    def exact(d: float) -> float:
        """Positive where the binomial test rejects a d below the observed difference."""
        q = max(0.0, share(d), -d)
        return level / 2 - float(bdtrc(only_first - 1, discordant, (q + d) / (2 * q + d)))

    def end(side: int) -> float:
        """Bound of the interval on one side; within half an image nothing is rejected."""
        if side < 0 < lead and discordant < EXACT_BELOW:
            return float(brentq(exact, -1, lead / n, xtol=1e-10))
        inside = (lead + side / 2) / n
        if abs(inside) >= 1 or excess(side) <= 0:
            return float(side)
        return float(brentq(excess, inside, side, xtol=1e-10))

    return Interval(end(-1), end(1))


def find_pair(pairs: list[Pair], a: str, b: str) -> Pair | None:
    """The pair of two methods, in either order."""
    return next((pair for pair in pairs if {pair.first, pair.second} == {a, b}), None)
