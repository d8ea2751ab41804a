"""Normalization of vectors and of the histograms that they consist of."""

from typing import Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from strata.errors import InputError, nearest

Norm = Literal["none", "l1", "l2", "power"]
NORMS: tuple[Norm, ...] = ("none", "l1", "l2", "power")


def l1(X: np.ndarray) -> np.ndarray:
    """Scale along the last axis to absolute sum 1; zero vectors stay zero."""
    return _divide(X, np.abs(X).sum(axis=-1, keepdims=True))


def l2(X: np.ndarray) -> np.ndarray:
    """Scale along the last axis to Euclidean length 1; zero vectors stay zero."""
    return _divide(X, np.sqrt(np.square(X).sum(axis=-1, keepdims=True)))


def power(X: np.ndarray, alpha: float = 0.5) -> np.ndarray:
    """sign(x) |x|^alpha, element by element."""
    magnitude = np.abs(X)
    return np.copysign(np.sqrt(magnitude) if alpha == 0.5 else magnitude**alpha, X)


def normalize(X: np.ndarray, norm: Norm, alpha: float = 0.5) -> np.ndarray:
    """Normalize along the last axis.

    Args:
        X: any shape, floating.
        norm: "none"; "l1"; "l2"; or "power": signed power, then L2 (of non-negative histograms
            with alpha 0.5 that is the map whose dot product is the Hellinger kernel).
        alpha: exponent of "power".

    Raises:
        InputError: no such norm.
    """
    match norm:
        case "none":
            return X
        case "l1":
            return l1(X)
        case "l2":
            return l2(X)
        case "power":
            return l2(power(X, alpha))
    raise InputError(f"There is no normalization '{norm}'.", nearest(str(norm), NORMS))


def _divide(X: np.ndarray, by: np.ndarray) -> np.ndarray:
    return X / np.where(by > 0, by, by.dtype.type(1))


class Normalizer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Normalize each vector, or each of the equally long histograms it is made of.

    Args:
        norm: see `normalize`.
        histograms: how many histograms lie side by side in a vector; each is normalized on its
            own. 1 normalizes the vector as a whole.
        alpha: exponent of "power".
    """

    def __init__(self, norm: Norm = "l2", histograms: int = 1, alpha: float = 0.5) -> None:
        self.norm = norm
        self.histograms = histograms
        self.alpha = alpha

    def fit(self, X: np.ndarray, y: object = None) -> Self:
        """Check that the vectors divide into the histograms; nothing is learned.

        Raises:
            InputError: they do not.
        """
        X = validate_data(self, X, dtype=(np.float64, np.float32))
        if self.histograms < 1 or X.shape[1] % self.histograms:
            raise InputError(
                f"Vectors of {X.shape[1]} numbers do not divide into {self.histograms} histograms."
            )
        self.is_fitted_ = True
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """(n, d) floating -> (n, d) of the same dtype."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        parts = X.reshape(len(X), self.histograms, -1)
        return normalize(parts, self.norm, self.alpha).reshape(X.shape)


class CenteredPower(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Signed power of each component, less its mean over the training vectors.

    The root evens out components that few large activations dominate; without what all images
    share, the angle between two vectors tells more of what sets these apart (Jegou and Chum,
    "Negative evidences and co-occurences in image retrieval", ECCV 2012).

    Args:
        alpha: exponent.
    """

    def __init__(self, alpha: float = 0.5) -> None:
        self.alpha = alpha

    def fit(self, X: np.ndarray, y: object = None) -> Self:
        """Learn the means of one array of vectors: (n, d) floating."""
        for attribute in ("mean_", "n_seen_"):
            if hasattr(self, attribute):
                delattr(self, attribute)
        return self.partial_fit(X, y)

    def partial_fit(self, X: np.ndarray, y: object = None) -> Self:
        """Learn from some more vectors."""
        first = not hasattr(self, "mean_")
        X = validate_data(self, X, dtype=(np.float64, np.float32), reset=first)
        if first:
            self.mean_: np.ndarray = np.zeros(X.shape[1])
            self.n_seen_: int = 0
        mean = power(X, self.alpha).mean(axis=0, dtype=np.float64)
        self.n_seen_ += len(X)
        self.mean_ += (mean - self.mean_) * (len(X) / self.n_seen_)
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """(n, d) floating -> (n, d) of the same dtype."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        return power(X, self.alpha) - self.mean_.astype(X.dtype)
