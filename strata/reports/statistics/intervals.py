"""Confidence intervals of a proportion and of a cross-validated mean."""

from typing import NamedTuple

import numpy as np
from scipy.special import ndtri, stdtrit


class Interval(NamedTuple):
    """A confidence interval; both ends are NaN where it cannot be estimated."""

    low: float
    high: float


UNKNOWN = Interval(float("nan"), float("nan"))


def wilson_interval(successes: float, n: float, confidence: float = 0.95) -> Interval:
    """Wilson score interval of a binomial proportion.

    Unlike p +- z s it keeps its coverage near 0 and 1 and for small n, and never leaves [0, 1].
    `successes` may be a mean over repeated runs on the same `n` images, hence fractional.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    JASA 22 (1927), 209-212; recommended by Brown, Cai and DasGupta, Statistical Science 16
    (2001), 101-133, eq. (4).
    """
    if n <= 0:
        return UNKNOWN
    z = float(ndtri(0.5 + confidence / 2))
    p = successes / n
    center = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    low = min(p, max(0.0, float(center - half)))  # min, max: rounding at p = 0 or 1
    high = max(p, min(1.0, float(center + half)))
    return Interval(low, high)


def corrected_variance(values: np.ndarray, test_per_train: float) -> float:
    """Corrected variance of the mean of J cross-validation results with overlapping training sets.

    The results are not independent, so s^2 / J is too small. With `test_per_train` = n2 / n1,
    the ratio of held-out to training images, it is estimated as (1/J + n2/n1) s^2.

    Source: C. Nadeau and Y. Bengio, "Inference for the generalization error", Machine Learning
    52 (2003), 239-281, section 3 ("corrected resampled t-test").

    Args:
        values: (J,) float, one result per fold (and repeat), J >= 2.
        test_per_train: n2 / n1; 1 / (k - 1) in k-fold cross-validation.
    """
    return float((1 / len(values) + test_per_train) * np.var(values, ddof=1))


def corrected_mean_interval(
    values: np.ndarray, test_per_train: float, confidence: float = 0.95
) -> Interval:
    """Corrected resampled t interval of a cross-validated mean: mean +- t(J-1) sqrt(variance).

    The variance is `corrected_variance`; the interval is clipped to [0, 1].

    Args:
        values: (J,) float, one accuracy per fold (and repeat).
        test_per_train: held-out images per training image.
    """
    if len(values) < 2 or not np.isfinite(test_per_train):
        return UNKNOWN
    t = float(stdtrit(len(values) - 1, 0.5 + confidence / 2))
    half = t * corrected_variance(values, test_per_train) ** 0.5
    mean = float(np.mean(values))
    return Interval(max(0.0, mean - half), min(1.0, mean + half))
