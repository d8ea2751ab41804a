"""Normalization of vectors and histograms: L1, L2, signed power, RootSIFT, centered power."""

from typing import Literal, Self, get_args

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from strata.errors import InputError, nearest
from strata.parameter_types import PositiveFloat

#: Normalizations that `normalize` knows.
Norm = Literal["none", "l1", "l2", "power"]


def l1(X: np.ndarray) -> np.ndarray:
    """Scale along the last axis to absolute sum 1; zero vectors stay zero."""
    return _divide(X, np.abs(X).sum(axis=-1, keepdims=True))


def l2(X: np.ndarray) -> np.ndarray:
    """Scale along the last axis to Euclidean length 1; zero vectors stay zero."""
    return _divide(X, np.sqrt(np.square(X).sum(axis=-1, keepdims=True)))


def power(X: np.ndarray, alpha: float = 0.5) -> np.ndarray:
    """Signed power sign(x) |x|^alpha, element by element."""
    magnitude = np.abs(X)
    return np.copysign(np.sqrt(magnitude) if alpha == 0.5 else magnitude**alpha, X)


def root_sift(descriptors: np.ndarray) -> np.ndarray:
    """RootSIFT: square roots of L1-normalized non-negative descriptors (..., d), of L2 length 1.

    The dot product of two is the Hellinger kernel of the descriptors (Arandjelovic and Zisserman,
    "Three things everyone should know to improve object retrieval", CVPR 2012).
    """
    return np.sqrt(l1(descriptors))


def normalize(X: np.ndarray, norm: Norm, alpha: float = 0.5) -> np.ndarray:
    """Normalize along the last axis.

    Args:
        X: any shape, floating.
        norm: "none"; "l1"; "l2"; or "power": signed power, then L2 (of non-negative histograms
            with alpha 0.5 that is the map whose dot product is the Hellinger kernel).
        alpha: exponent of "power".

    Raises:
        InputError: unknown norm.
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
    raise InputError(f"There is no normalization '{norm}'.", nearest(str(norm), get_args(Norm)))


def _divide(X: np.ndarray, by: np.ndarray) -> np.ndarray:
    """X / by, with 1 in place of zero divisors."""
    return X / np.where(by > 0, by, by.dtype.type(1))


class CenteredPower(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Signed power of each component, minus its mean over the training vectors.

    The power reduces the weight of components that few large activations dominate; without the
    component that all images share, the angle between two vectors depends more on their
    differences (Jegou and Chum, "Negative evidences and co-occurences in image retrieval", ECCV
    2012).

    Args:
        alpha: exponent of the signed power.

    Attributes:
        mean_: (d,) float64, mean of the powers.
        n_samples_seen_: number of training vectors.
    """

    def __init__(self, alpha: PositiveFloat = 0.5) -> None:
        self.alpha = alpha

    def fit(self, X: np.ndarray, y: object = None) -> Self:
        """Learn the means from (n, d) floating vectors."""
        for attribute in ("mean_", "n_samples_seen_"):
            if hasattr(self, attribute):
                delattr(self, attribute)
        return self.partial_fit(X, y)

    def partial_fit(self, X: np.ndarray, y: object = None) -> Self:
        """Update the means with more vectors, (n, d) floating."""
        first = not hasattr(self, "mean_")
        X = validate_data(self, X, dtype=(np.float64, np.float32), reset=first)
        if first:
            self.mean_: np.ndarray = np.zeros(X.shape[1])
            self.n_samples_seen_: int = 0
        mean = power(X, self.alpha).mean(axis=0, dtype=np.float64)
        self.n_samples_seen_ += len(X)
        self.mean_ += (mean - self.mean_) * (len(X) / self.n_samples_seen_)
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """(n, d) floating -> (n, d) of the same dtype."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        return power(X, self.alpha) - self.mean_.astype(X.dtype)
