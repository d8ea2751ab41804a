"""Codebooks by k-means."""

from typing import Self

import numpy as np
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from strata import seeds
from strata.errors import InputError
from strata.features.assignment import nearest_words, sums_by_label


class KMeansCodebook(ClusterMixin, BaseEstimator):
    """Visual words: centres of descriptors by Lloyd's algorithm from randomly drawn points.

    Args:
        words: how many centres.
        iterations: passes over the data at most; it stops where no label changes.
        seed: of the draw of the first centres.

    Attributes:
        centres_: (words, d) float32.
        labels_: (n,) int64, the word of each training point.
        inertia_: sum of the training points' squared distances to their words.
        n_iter_: passes made.
    """

    def __init__(self, words: int = 512, iterations: int = 20, seed: int = 0) -> None:
        self.words = words
        self.iterations = iterations
        self.seed = seed

    def fit(self, X: np.ndarray, y: object = None) -> Self:
        """Learn the words from (n, d) points.

        Raises:
            InputError: fewer points than words.
        """
        X = validate_data(self, X, dtype=np.float32, order="C")
        if len(X) < self.words:
            raise InputError(
                f"{len(X)} descriptors are too few for a codebook of {self.words} words.",
                "Take fewer words or a larger sample.",
            )
        rng = seeds.generator(self.seed, "k-means")
        self.centres_ = X[rng.choice(len(X), self.words, replace=False)]
        labels, squared = nearest_words(X, self.centres_)
        self.n_iter_ = 0
        while self.n_iter_ < self.iterations:
            self.n_iter_ += 1
            self.centres_ = _means(X, labels, squared, self.words)
            before = labels
            labels, squared = nearest_words(X, self.centres_)
            if np.array_equal(before, labels):
                break
        self.labels_ = labels
        self.inertia_ = float(squared.sum(dtype=np.float64))
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The nearest word of each row of (n, d) -> (n,) int64."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float32, reset=False)
        return nearest_words(X, self.centres_)[0]


def _means(X: np.ndarray, labels: np.ndarray, squared: np.ndarray, words: int) -> np.ndarray:
    """The mean of each word's points; a word without points moves to one that is badly served."""
    sums, counts = sums_by_label(X, labels, words)
    empty = np.flatnonzero(counts == 0)
    if len(empty):
        far = np.argpartition(-squared, len(empty) - 1)[: len(empty)]
        sums[empty] = X[far]
        counts[empty] = 1
    return (sums / counts[:, None]).astype(np.float32)
