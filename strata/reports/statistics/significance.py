"""Significance tests of the difference between two methods, with correction for multiple tests."""

from typing import NamedTuple

import numpy as np
from scipy.special import bdtr, chdtrc, stdtr

from strata.reports.statistics.intervals import corrected_variance


class SignificanceResult(NamedTuple):
    """Result of a two-sided test.

    Attributes:
        statistic: test statistic.
        p: p-value.
        kind: its reference distribution, "t", "chi-squared" or "binomial".
    """

    statistic: float
    p: float
    kind: str


def corrected_t_test(differences: np.ndarray, test_per_train: float) -> SignificanceResult:
    """Corrected resampled t-test on the paired differences of two methods, fold by fold.

    t = mean / sqrt((1/J + n2/n1) s^2), with J - 1 degrees of freedom. The plain paired t-test
    treats folds as independent and has an inflated type I error; see `corrected_variance` for the
    source.

    Args:
        differences: (J,) float, J >= 2, accuracy of one method minus that of the other.
        test_per_train: held-out images per training image.

    Raises:
        ValueError: fewer than two differences.
    """
    if len(differences) < 2:
        raise ValueError("a t-test needs two folds or more")
    mean, variance = float(np.mean(differences)), corrected_variance(differences, test_per_train)
    if variance <= np.finfo(float).eps ** 2:
        same = abs(mean) <= np.finfo(float).eps
        return SignificanceResult(
            0.0 if same else float(np.sign(mean) * np.inf), 1.0 if same else 0.0, "t"
        )
    t = mean / variance**0.5
    return SignificanceResult(t, float(2 * stdtr(len(differences) - 1, -abs(t))), "t")


#: Below this number of discordant images McNemar's test is exact.
EXACT_BELOW = 25


def mcnemar_test(only_first: int, only_second: int) -> SignificanceResult:
    """McNemar's test on discordant images, which exactly one of two methods classifies right.

    Fewer than `EXACT_BELOW` of them: exact two-sided binomial test of b out of b + c (the statistic
    is the smaller of b and c). Else chi-squared with one degree of freedom and Edwards's continuity
    correction, (|b - c| - 1)^2 / (b + c).

    Sources: Q. McNemar, Psychometrika 12 (1947), 153-157; A. L. Edwards, Psychometrika 13
    (1948), 185-187; for classifiers T. G. Dietterich, Neural Computation 10 (1998), 1895-1923.

    Args:
        only_first: b, images that only the first method classifies correctly.
        only_second: c, images that only the second method classifies correctly.
    """
    n, fewer = only_first + only_second, min(only_first, only_second)
    if n < EXACT_BELOW:
        return SignificanceResult(
            float(fewer), min(1.0, 2 * float(bdtr(fewer, n, 0.5))), "binomial"
        )
    statistic = max(0, abs(only_first - only_second) - 1) ** 2 / n
    return SignificanceResult(statistic, float(chdtrc(1, statistic)), "chi-squared")


def holm(p: np.ndarray) -> np.ndarray:
    """Holm-adjusted p-values of m simultaneous tests, in the order given.

    Rejecting where the adjusted value is below alpha keeps the family-wise error rate below alpha,
    whatever the dependence between the tests: the i-th smallest p-value is multiplied by m - i + 1,
    and the result is made monotone.

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
    """Significance level at which Holm's procedure tests each of m hypotheses, in the order given.

    The i-th smallest p-value is compared with alpha / (m - i + 1), until one is not below; all that
    are left share the level at which it stopped. So p < level exactly where the adjusted p-value is
    below alpha.

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
