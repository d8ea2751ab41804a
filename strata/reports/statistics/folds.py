"""Cross-validation accuracies by fold: mean, interval, variance components, outlying folds."""

from typing import NamedTuple

import numpy as np
from scipy.special import gammaln

from strata.reports.model.scores import Scores
from strata.reports.statistics.intervals import (
    UNKNOWN,
    Interval,
    corrected_mean_interval,
    wilson_interval,
)

#: Number of observations from which on intervals and tests are computed: two leave one degree of
#: freedom, whose t quantile of 12.7 (before any correction for several tests) decides nothing.
MIN_UNITS = 3


class FoldTable(NamedTuple):
    """Accuracy of every fold of every repeat.

    Attributes:
        accuracy: (repeats, folds) float, NaN where a fold is missing.
        images: (repeats, folds) int, held-out images of the fold.
        test_per_train: held-out images per training image, mean over folds; NaN with one fold.
        shared: every repeat used the same folds, so that repeats differ in the training seed
            only.
    """

    accuracy: np.ndarray
    images: np.ndarray
    test_per_train: float
    shared: bool

    @property
    def units(self) -> np.ndarray:
        """(J,) float, the observations of intervals and tests: accuracies of folds.

        Repeats on shared folds are averaged: they hold out the same images, so they reduce the
        variance of a fold's accuracy but add no fold. Repeats on new folds count one by one.
        """
        values = np.nanmean(self.accuracy, axis=0) if self.shared else self.accuracy.ravel()
        return values[np.isfinite(values)]

    @property
    def mean(self) -> float:
        """Mean accuracy over folds and repeats."""
        return float(self.units.mean())

    @property
    def equal(self) -> bool:
        """True if all folds are equal to within one image of the mean accuracy."""
        away = np.abs(self.units - self.mean) * self.unit_images
        return bool((away < 1 - 1e-9).all())

    @property
    def unit_images(self) -> np.ndarray:
        """(J,) int, held-out images of each of `units`."""
        images = self.images.max(axis=0) if self.shared else self.images.ravel()
        return images[images > 0]

    @property
    def interval(self) -> Interval:
        """95 % confidence interval of the mean, corrected for overlapping training sets.

        Equal folds (all correct, say) have no variance to estimate from; then it is the Wilson
        interval over the images of one repeat. Unknown with fewer than `MIN_UNITS` folds.
        """
        if len(self.units) < MIN_UNITS:
            return UNKNOWN
        if not self.equal:
            return corrected_mean_interval(self.units, self.test_per_train)
        images = int(self.images[0].sum())
        return wilson_interval(self.mean * images, images)


def fold_table(scores: Scores) -> FoldTable:
    """Accuracies by repeat and fold."""
    repeats, folds = scores.repeats, np.unique(scores.fold)
    right = scores.predictions == scores.labels
    accuracy = np.full((len(repeats), len(folds)), np.nan)
    images = np.zeros(accuracy.shape, int)
    for r, repeat in enumerate(repeats):
        in_repeat = scores.repeat == repeat
        for f, fold in enumerate(folds):
            held_out = in_repeat & (scores.fold == fold)
            images[r, f] = held_out.sum()
            if images[r, f]:
                accuracy[r, f] = right[held_out].mean()
    return FoldTable(accuracy, images, _test_per_train(images), _shared(scores))


def _test_per_train(images: np.ndarray) -> float:
    """Held-out per training images, mean over folds; NaN where a fold holds out all images."""
    training = images.sum(axis=1, keepdims=True) - images
    there = images > 0
    if not training[there].all():
        return float("nan")
    return float(np.mean(images[there] / training[there]))


def same_folds(first: Scores, second: Scores) -> bool:
    """True if two methods were scored on the same images in the same folds and repeats."""
    return _assignments(first) == _assignments(second)


def _assignments(scores: Scores) -> set[tuple[int, int, str]]:
    """The (repeat, fold, id) triples of the scores."""
    return set(zip(scores.repeat.tolist(), scores.fold.tolist(), scores.ids, strict=True))


def _shared(scores: Scores) -> bool:
    """True if all repeats have the same folds."""
    by_repeat: dict[int, set[tuple[int, str]]] = {}
    for repeat, fold, image in _assignments(scores):
        by_repeat.setdefault(repeat, set()).add((fold, image))
    folds = list(by_repeat.values())
    return all(other == folds[0] for other in folds[1:])


class VarianceComponents(NamedTuple):
    """Variance components of fold accuracies; `between` and `within` are variances.

    On shared folds `between` is the variance over folds (other images), `within` that over seeds
    (same images, trained again). On new folds in each repeat `between` is over repeats and
    `within` over folds.
    """

    between: float
    within: float
    shared: bool


def variance_components(table: FoldTable) -> VarianceComponents | None:
    """Variance components of the accuracies; None with one repeat or one fold.

    One-way random effects: with group means of n values each, the variance within is the mean
    square within, the variance between is (MS between - MS within) / n, at least 0.

    Source: S. R. Searle, G. Casella and C. E. McCulloch, "Variance Components" (1992), section
    3.5 (analysis-of-variance estimators, balanced data).
    """
    groups = table.accuracy.T if table.shared else table.accuracy
    groups = groups[np.isfinite(groups).all(axis=1)]
    if groups.shape[0] < 2 or groups.shape[1] < 2:
        return None
    size = groups.shape[1]
    within = float(groups.var(axis=1, ddof=1).mean())
    between = float(groups.mean(axis=1).var(ddof=1)) - within / size
    return VarianceComponents(max(0.0, between), within, table.shared)


class OutlyingFold(NamedTuple):
    """A fold (from 0) whose accuracy is far from the pooled accuracy of the other folds."""

    fold: int
    accuracy: float
    others: float


def outlying_folds(table: FoldTable, alpha: float = 0.01) -> list[OutlyingFold]:
    """Folds whose accuracy differs significantly from that of the other folds.

    Fisher's exact test of a fold against the rest, two-sided by doubling, with Bonferroni
    correction over the folds, so that `alpha` bounds the family-wise error rate of a sound method,
    however few its errors are. Repeats on shared folds are averaged, to whole images; of repeats on
    new folds the first is tested.

    Source: R. A. Fisher, "The logic of inductive inference", Journal of the Royal Statistical
    Society 98 (1935), 39-82.
    """
    accuracy = np.nanmean(table.accuracy, axis=0) if table.shared else table.accuracy[0]
    there = np.flatnonzero(table.images[0] > 0)
    if len(there) < 2:
        return []
    n = table.images[0, there]
    right = np.rint(n * accuracy[there]).astype(int)
    total_right, total = right.sum(), n.sum()
    tail = np.array(
        [_hypergeometric_tail(r, m, total_right, total) for r, m in zip(right, n, strict=True)]
    )
    rest = (total_right - right) / (total - n)
    return [
        OutlyingFold(int(there[i]), float(right[i] / n[i]), float(rest[i]))
        for i in np.flatnonzero(2 * tail < alpha / len(n))
    ]


def _hypergeometric_tail(right: int, images: int, all_right: int, all_images: int) -> float:
    """Smaller tail of the hypergeometric distribution at `right` correct images in a fold.

    The fold is a draw of `images` out of `all_images`, of which `all_right` are correct. (Written
    out here: importing all of `scipy.stats` takes longer than writing a page.)
    """

    def log_binomial(n: int, k: np.ndarray) -> np.ndarray:
        return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)

    support = np.arange(max(0, images - all_images + all_right), min(images, all_right) + 1)
    ways = log_binomial(all_right, support) + log_binomial(all_images - all_right, images - support)
    p = np.exp(ways - log_binomial(all_images, np.array(images)))
    return float(min(p[support <= right].sum(), p[support >= right].sum()))
