"""Codebooks by k-means."""

from typing import Self

import numpy as np
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from strata import seeds
from strata._compiled import compiled
from strata.errors import InputError
from strata.features.codebooks.assignment import nearest_words, squared_distances

#: How the passes are spent: share of the passes on each share of the points. A step on an eighth of
#: the points costs an eighth, and far from the optimum it leads as far.
_SCHEDULE = ((0.4, 1 / 8), (0.3, 1 / 2), (0.3, 1.0))
_POINTS_A_WORD = 16  # that a share of the points has at least


class KMeansCodebook(ClusterMixin, BaseEstimator):
    """Visual words: centers of descriptors by Lloyd's algorithm on growing shares of the points.

    Points are shuffled; the first steps see the first eighth of them, the next the first half,
    the last all (nested batches: Newling, Fleuret 2016).

    Args:
        n_words: how many centers.
        max_iter: Lloyd steps in all; it stops where no label changes any more.
        random_state: of the shuffle; the first points of it are the first centers.

    Attributes:
        centers_: (words, d) float32.
        labels_: (n,) int64, the word of each training point.
        inertia_: sum of the training points' squared distances to their words.
    """

    def __init__(self, n_words: int = 512, max_iter: int = 25, random_state: int = 0) -> None:
        self.n_words = n_words
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(self, X: np.ndarray, y: object = None) -> Self:
        """Learn the words from (n, d) points.

        Raises:
            InputError: fewer points than words, or no words.
        """
        X = validate_data(self, X, dtype=np.float32, order="C")
        if self.n_words < 1:
            raise InputError(f"A codebook has one word or more, not {self.n_words}.")
        if len(X) < self.n_words:
            raise InputError(
                f"{len(X)} descriptors are too few for a codebook of {self.n_words} words.",
                "Take fewer words or a larger sample.",
            )
        order = seeds.generator(self.random_state, "k-means").permutation(len(X))
        shuffled = X[order]
        self.centers_ = shuffled[: self.n_words]
        for steps, points in self._schedule(len(X)):
            self._lloyd(shuffled[:points], steps)
        labels = nearest_words(shuffled, self.centers_)
        squared = squared_distances(shuffled, self.centers_, labels)
        self.labels_ = np.empty(len(X), np.int64)
        self.labels_[order] = labels
        self.inertia_ = float(squared.sum(dtype=np.float64))
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The nearest word of each row of (n, d) -> (n,) int64."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float32, reset=False)
        return nearest_words(X, self.centers_)

    def _schedule(self, n: int) -> list[tuple[int, int]]:
        """(steps, points) of each stage; the steps sum to `iterations`."""
        ends = [round(self.max_iter * done) for done in np.cumsum([s for s, _ in _SCHEDULE])]
        steps = np.diff([0, *ends])
        points = [
            max(int(n * share), min(n, _POINTS_A_WORD * self.n_words)) for _, share in _SCHEDULE
        ]
        return list(zip(steps.tolist(), points, strict=True))

    def _lloyd(self, X: np.ndarray, steps: int) -> None:
        labels = None
        for _ in range(steps):
            before = labels
            labels = nearest_words(X, self.centers_)
            if before is not None and np.array_equal(before, labels):
                break
            self.centers_ = _means(X, labels, self.centers_)


def _means(X: np.ndarray, labels: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """The mean of each center's points; one without points moves to a badly served point."""
    counts = np.bincount(labels, minlength=len(centers))
    sums = np.zeros(centers.shape)
    _add_rows(X, labels, sums)
    empty = np.flatnonzero(counts == 0)
    if len(empty):
        far = np.argsort(-squared_distances(X, centers, labels), kind="stable")[: len(empty)]
        sums[empty] = X[far]
        counts[empty] = 1
    return (sums / counts[:, None]).astype(np.float32)


@compiled
def _add_rows(X: np.ndarray, labels: np.ndarray, sums: np.ndarray) -> None:
    """sums[label] += x for every row."""
    for i in range(len(X)):
        row, total = X[i], sums[labels[i]]
        for j in range(X.shape[1]):
            total[j] += row[j]
