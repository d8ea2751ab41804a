"""Bootstrap confidence interval of an accuracy: the images drawn again, the models as they are."""

from collections.abc import Sequence

import numpy as np

from strata.reports.model.scores import Scores
from strata.reports.statistics.intervals import UNKNOWN, Interval, wilson_interval

#: Draws of the images, as many as `scipy.stats.bootstrap` makes, and the seed of all draws.
RESAMPLES, SEED = 9_999, 20_210_510


def bootstrap_interval(strata: Sequence[np.ndarray], confidence: float = 0.95) -> Interval:
    """Percentile bootstrap interval of the mean over strata of their mean values.

    In each of `RESAMPLES` draws every stratum is drawn again from its own values, with replacement.
    The values of a stratum are few (right or wrong), so a draw is one of a multinomial distribution
    over them. Equal values have no variance to draw from: then it is the Wilson interval.

    It answers for the images alone: unlike the corrected t interval it takes the models as they
    are, and does not ask what other training images would have given.

    Source: B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap" (1993), sections 8.3
    and 13.3.

    Args:
        strata: (n,) float each, n >= 1: for each image of a fold, the share of repeats in which it
            is classified correctly.
    """
    if not strata:
        return UNKNOWN
    mean = float(np.mean([values.mean() for values in strata]))
    if np.ptp(np.concatenate(strata)) == 0:
        images = sum(map(len, strata))
        return wilson_interval(mean * images, images, confidence)
    rng = np.random.default_rng(SEED)
    drawn = np.mean([_resampled_means(values, rng) for values in strata], axis=0)
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(min(mean, float(low)), max(mean, float(high)))


def _resampled_means(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Mean of a stratum in each draw, (RESAMPLES,) float."""
    different, counts = np.unique(values, return_counts=True)
    draws = rng.multinomial(len(values), counts / len(values), size=RESAMPLES)
    return draws @ different / len(values)


def correct_by_fold(scores: Scores) -> list[np.ndarray]:
    """Share of repeats in which each image is classified correctly, one array per fold.

    Folds are those of the first repeat, where each repeat has its own.
    """
    first = scores.repeat == scores.repeats[0]
    fold_of = dict(zip(np.array(scores.ids)[first].tolist(), scores.fold[first], strict=True))
    right: dict[str, list[bool]] = {name: [] for name in fold_of}
    for name, correct in zip(scores.ids, scores.predictions == scores.labels, strict=True):
        if name in right:
            right[name].append(bool(correct))
    folds: dict[int, list[float]] = {}
    for name, fold in fold_of.items():
        folds.setdefault(int(fold), []).append(float(np.mean(right[name])))
    return [np.array(values) for _, values in sorted(folds.items())]
