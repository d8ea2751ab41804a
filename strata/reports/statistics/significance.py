"""Is a difference between two methods more than noise?"""

from typing import NamedTuple

import numpy as np

from strata.reports.statistics.intervals import corrected_variance


class Outcome(NamedTuple):
    """What a two-sided test says: its statistic, its p-value, and how it was made."""

    statistic: float
    p: float
    kind: str


def corrected_t_test(differences: np.ndarray, test_per_train: float) -> Outcome:
    """Corrected resampled t-test on the differences of two methods, fold by fold.

    t = mean / sqrt((1/J + n2/n1) s^2), with J - 1 degrees of freedom. The plain paired t-test
    takes folds as independent and raises false alarms; see `corrected_variance` for the source.

    Args:
        differences: (J,) float, J >= 2, accuracy of one method less that of the other.
        test_per_train: held-out images per training image.

    Raises:
        ValueError: with fewer than two differences.
    """
    if len(differences) < 2:
        raise ValueError("a t-test needs two folds or more")
    from scipy.special import stdtr

    mean, variance = float(np.mean(differences)), corrected_variance(differences, test_per_train)
    if variance <= np.finfo(float).eps ** 2:
        same = abs(mean) <= np.finfo(float).eps
        return Outcome(0.0 if same else float(np.sign(mean) * np.inf), 1.0 if same else 0.0, "t")
    t = mean / variance**0.5
    return Outcome(t, float(2 * stdtr(len(differences) - 1, -abs(t))), "t")


#: With fewer images than these that one method alone gets right, McNemar's test is exact.
FEW = 25


def mcnemar(only_first: int, only_second: int) -> Outcome:
    """McNemar's test on images that exactly one of two methods gets right.

    Fewer than `FEW` of them: exact, whether b of b + c are far from half of them (two-sided
    binomial; the statistic is the smaller of b and c). Else chi-squared with one degree of
    freedom and Edwards's continuity correction, (|b - c| - 1)^2 / (b + c).

    Sources: Q. McNemar, Psychometrika 12 (1947), 153-157; A. L. Edwards, Psychometrika 13
    (1948), 185-187; for classifiers T. G. Dietterich, Neural Computation 10 (1998), 1895-1923.

    Args:
        only_first: images that only the first method gets right.
        only_second: images that only the second method gets right.
    """
    from scipy.special import bdtr, chdtrc

    n, fewer = only_first + only_second, min(only_first, only_second)
    if n < FEW:
        return Outcome(float(fewer), min(1.0, 2 * float(bdtr(fewer, n, 0.5))), "binomial")
    statistic = max(0, abs(only_first - only_second) - 1) ** 2 / n
    return Outcome(statistic, float(chdtrc(1, statistic)), "chi-squared")


def holm(p: np.ndarray) -> np.ndarray:
    """Adjusted p-values of m tests made at once, in the order given.

    Rejecting where the adjusted value is below alpha keeps the chance of even one false alarm
    below alpha, whatever the dependence between the tests: the i-th smallest p-value is multiplied
    by m - i + 1, and no value may fall below the one before it.

    Source: S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian
    Journal of Statistics 6 (1979), 65-70.

    Args:
        p: (m,) float.
    """
    p = np.asarray(p, float)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def holm_levels(p: np.ndarray, alpha: float) -> np.ndarray:
    """The level at which Holm's procedure tests each of m hypotheses, in the order given.

    The i-th smallest p-value is held against alpha / (m - i + 1), until one is not below; all
    that are left share the level at which it stopped. So p < level exactly where the adjusted
    p-value is below alpha.

    Args:
        p: (m,) float.
    """
    p = np.asarray(p, float)
    order = np.argsort(p, kind="stable")
    steps = alpha / np.arange(len(p), 0, -1)
    stops = np.flatnonzero(p[order] >= steps)
    if stops.size:
        steps[stops[0] :] = steps[stops[0]]
    levels = np.empty(len(p))
    levels[order] = steps
    return levels
