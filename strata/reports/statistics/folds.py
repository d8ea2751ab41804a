"""Cross-validation, fold by fold: accuracies, their mean and interval, where the spread is from."""

from typing import NamedTuple

import numpy as np

from strata.reports.model.scores import Scores
from strata.reports.statistics.intervals import UNKNOWN, Interval, corrected_mean_interval, wilson


class FoldTable(NamedTuple):
    """Accuracy of every fold of every repeat.

    Attributes:
        accuracy: (repeats, folds) float, NaN where a fold is missing.
        images: (repeats, folds) int, held-out images of the fold.
        test_per_train: held-out images per training image, mean over folds; NaN with one fold.
        shared: every repeat held out the same images in the same folds, so that repeats differ
            in the training's seed only.
    """

    accuracy: np.ndarray
    images: np.ndarray
    test_per_train: float
    shared: bool

    @property
    def units(self) -> np.ndarray:
        """(J,) the values that count as one observation each in intervals and tests.

        Repeats on shared folds see the same images: they make each fold's value firmer, not the
        number of folds larger, so they are averaged. Repeats on new folds count one by one.
        """
        values = np.nanmean(self.accuracy, axis=0) if self.shared else self.accuracy.ravel()
        return values[np.isfinite(values)]

    @property
    def mean(self) -> float:
        """Mean accuracy over folds and repeats."""
        return float(self.units.mean())

    @property
    def alike(self) -> bool:
        """Whether no fold is an image away from the mean: as alike as whole images can be."""
        away = np.abs(self.units - self.mean) * self.unit_images
        return bool((away < 1 - 1e-9).all())

    @property
    def unit_images(self) -> np.ndarray:
        """(J,) int, the images of each of `units`."""
        images = self.images.max(axis=0) if self.shared else self.images.ravel()
        return images[images > 0]

    @property
    def interval(self) -> Interval:
        """95 % interval of the mean, corrected for shared training images.

        Folds that are all alike to the image (all right, say) show no spread, which is no proof
        that there is none: then it is Wilson's, over the images of one repeat.
        """
        if not self.alike:
            return corrected_mean_interval(self.units, self.test_per_train)
        images = int(self.images[0].sum())
        return wilson(self.mean * images, images) if len(self.units) > 1 else UNKNOWN


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
    """Mean over the folds of held-out images per training image; NaN where all are held out."""
    training = images.sum(axis=1, keepdims=True) - images
    there = images > 0
    if not training[there].all():
        return float("nan")
    return float(np.mean(images[there] / training[there]))


def same_folds(first: Scores, second: Scores) -> bool:
    """Whether two methods were scored on the same images in the same folds and repeats."""
    return _places(first) == _places(second)


def _places(scores: Scores) -> set[tuple[int, int, str]]:
    return set(zip(scores.repeat.tolist(), scores.fold.tolist(), scores.ids, strict=True))


def _shared(scores: Scores) -> bool:
    by_repeat: dict[int, set[tuple[int, str]]] = {}
    for repeat, fold, image in _places(scores):
        by_repeat.setdefault(repeat, set()).add((fold, image))
    folds = list(by_repeat.values())
    return all(places == folds[0] for places in folds[1:])


class Spread(NamedTuple):
    """Variance of fold accuracies, split in two; `between` and `within` are variances.

    On shared folds `between` is folds (other images) and `within` is seeds (same images, trained
    again). On new folds in each repeat `between` is repeats and `within` is folds.
    """

    between: float
    within: float
    shared: bool


def spread(table: FoldTable) -> Spread | None:
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
    return Spread(max(0.0, between), within, table.shared)


class OddFold(NamedTuple):
    """A fold (from 0) with its accuracy, far from that of the other folds together."""

    fold: int
    accuracy: float
    others: float


def odd_folds(table: FoldTable, chance: float = 0.01) -> list[OddFold]:
    """Folds whose accuracy is further from the others' than the number of images explains.

    Fisher's exact test of a fold against the rest, two-sided by doubling, Bonferroni over the
    folds, so that `chance` bounds the chance of naming any fold of a sound method, however few
    its mistakes are. Repeats on shared folds are averaged, to whole images; of repeats on new
    folds the first is looked at.

    Source: R. A. Fisher, "The logic of inductive inference", Journal of the Royal Statistical
    Society 98 (1935), 39-82.
    """
    accuracy = np.nanmean(table.accuracy, axis=0) if table.shared else table.accuracy[0]
    there = np.flatnonzero(table.images[0] > 0)
    if len(there) < 2:
        return []
    n = table.images[0, there]
    right = np.rint(n * accuracy[there]).astype(int)
    tail = np.array([_tail(r, m, right.sum(), n.sum()) for r, m in zip(right, n, strict=True)])
    rest = (right.sum() - right) / (n.sum() - n)
    return [
        OddFold(int(there[i]), float(right[i] / n[i]), float(rest[i]))
        for i in np.flatnonzero(2 * tail < chance / len(n))
    ]


def _tail(right: int, images: int, all_right: int, all_images: int) -> float:
    """Chance that a fold of images drawn out of all has as many right, or as few, as it has.

    The smaller tail of the hypergeometric distribution. (Its own few lines: all of `scipy.stats`
    takes longer to import than a page to write.)
    """
    from scipy.special import gammaln

    def choices(n: int, k: np.ndarray) -> np.ndarray:
        return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)

    could = np.arange(max(0, images - all_images + all_right), min(images, all_right) + 1)
    ways = choices(all_right, could) + choices(all_images - all_right, images - could)
    chance = np.exp(ways - choices(all_images, np.array(images)))
    return float(min(chance[could <= right].sum(), chance[could >= right].sum()))
