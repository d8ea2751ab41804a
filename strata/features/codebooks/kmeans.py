"""Codebooks by k-means."""

import warnings
from typing import Self

import numpy as np
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted, validate_data

from strata import seeds
from strata._compiled import compiled
from strata.errors import InputError
from strata.features.codebooks.assignment import in_float32, nearest_words, squared_distances
from strata.features.codebooks.seeding import kmeans_plus_plus
from strata.parameter_types import NonNegativeInt, PositiveInt

#: Share of the iterations spent on each share of the points. An iteration on an eighth of the
#: points costs an eighth and, far from the optimum, makes as much progress.
_SCHEDULE = ((0.4, 1 / 8), (0.3, 1 / 2), (0.3, 1.0))
_POINTS_PER_WORD = 16  # at least, in each share of the points
#: Points that initial centers are chosen among, for each word, and in all, though two for each word
#: at least. Choosing takes their product with the words: a twentieth of the time of the fit.
_SEEDING_POINTS = (10, 5120, 2)


class KMeansCodebook(ClusterMixin, BaseEstimator):
    """k-means by Lloyd's algorithm on nested batches that grow to all points.

    Points are shuffled; the first iterations see the first eighth of them, the next the first
    half, the last all (Newling and Fleuret, "Nested mini-batch k-means", NIPS 2016). The initial
    centers are chosen among the first points, up to 10 for each word, by greedy k-means++.

    Args:
        n_words: number of centers.
        max_iter: Lloyd iterations in all, at most; a batch's iterations end where no label changes.
        random_state: seed of the shuffle and of the initial centers.

    Attributes:
        cluster_centers_: (words, d) float32.
        labels_: (n,) int64, index of the center of each training point.
        inertia_: sum of the training points' squared distances to their centers.
        n_iter_: Lloyd iterations made.

    Examples:
        >>> import numpy as np
        >>> from strata.features import KMeansCodebook
        >>> X = np.array([[0.0], [0.1], [5.0], [5.1]])
        >>> KMeansCodebook(n_words=2).fit(X).predict([[0.2], [4.0]]).tolist() in ([0, 1], [1, 0])
        True
    """

    def __init__(
        self,
        n_words: PositiveInt = 512,
        max_iter: PositiveInt = 25,
        random_state: NonNegativeInt = 0,
    ) -> None:
        self.n_words = n_words
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(self, X: np.ndarray, y: object = None) -> Self:
        """Learn the centers from (n, d) points.

        Warns with scikit-learn's ConvergenceWarning where centers are left without points, as
        of fewer different points than words.

        Raises:
            InputError: fewer points than words, no words, or numbers whose squares leave float32.
        """
        X = in_float32(validate_data(self, X, dtype=np.float32, order="C"))
        if self.n_words < 1:
            raise InputError(f"A codebook has one word or more, not {self.n_words}.")
        if len(X) < self.n_words:
            raise InputError(
                f"{len(X)} descriptors are too few for a codebook of {self.n_words} words.",
                "Take fewer words or a larger sample.",
            )
        rng = seeds.generator(self.random_state, "k-means")
        order = rng.permutation(len(X))
        shuffled = X[order]
        most, in_all, least = _SEEDING_POINTS
        seeding = shuffled[: max(least * self.n_words, min(most * self.n_words, in_all))]
        self.cluster_centers_ = seeding[kmeans_plus_plus(seeding, self.n_words, rng)]
        self.n_iter_ = 0
        for iterations, points in self._schedule(len(X)):
            self._lloyd(shuffled[:points], iterations)
        labels = nearest_words(shuffled, self.cluster_centers_)
        squared = squared_distances(shuffled, self.cluster_centers_, labels)
        self.labels_ = np.empty(len(X), np.int64)
        self.labels_[order] = labels
        self.inertia_ = float(squared.sum(dtype=np.float64))
        used = len(np.unique(labels))
        if used < self.n_words:
            warnings.warn(
                f"Only {used} of {self.n_words} centers of k-means have points: there are hardly "
                "more different points than that.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Index of the nearest center of each row of (n, d) -> (n,) int64."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float32, reset=False)
        return nearest_words(X, self.cluster_centers_)

    def _schedule(self, n: int) -> list[tuple[int, int]]:
        """(iterations, points) of each batch; the iterations sum to `max_iter`."""
        ends = [round(self.max_iter * done) for done in np.cumsum([s for s, _ in _SCHEDULE])]
        iterations = np.diff([0, *ends])
        points = [
            max(int(n * share), min(n, _POINTS_PER_WORD * self.n_words)) for _, share in _SCHEDULE
        ]
        return list(zip(iterations.tolist(), points, strict=True))

    def _lloyd(self, X: np.ndarray, iterations: int) -> None:
        """Lloyd iterations on one batch, until no label changes."""
        labels = None
        for _ in range(iterations):
            self.n_iter_ += 1
            before = labels
            labels = nearest_words(X, self.cluster_centers_)
            if before is not None and np.array_equal(before, labels):
                break
            self.cluster_centers_ = _means(X, labels, self.cluster_centers_)


def _means(X: np.ndarray, labels: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """Means of the centers' points; a center without points moves to a point far from its own."""
    counts = np.bincount(labels, minlength=len(centers))
    sums = np.zeros(centers.shape)
    _add_rows(X, labels, sums)
    empty = np.flatnonzero(counts == 0)
    if len(empty):
        far = np.argsort(-squared_distances(X, centers, labels), kind="stable")[: len(empty)]
        sums[empty] = X[far]
        counts[empty] = 1
    return (sums / counts[:, None]).astype(np.float32)


def _add_rows_numpy(X: np.ndarray, labels: np.ndarray, sums: np.ndarray) -> None:
    """sums[label] += x for every row."""
    np.add.at(sums, labels, X)


@compiled(numpy=_add_rows_numpy)
def _add_rows(X: np.ndarray, labels: np.ndarray, sums: np.ndarray) -> None:
    """sums[label] += x for every row."""
    for i in range(len(X)):
        row, total = X[i], sums[labels[i]]
        for j in range(X.shape[1]):
            total[j] += row[j]
