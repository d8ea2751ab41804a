"""Kernels between histograms and vectors, as exact matrices.

Every kernel is a function `k(X, Y=None, **parameters) -> (n, m)` with X (n, d), Y (m, d), float32
when both are float32 and float64 otherwise; without Y, Y is X and a symmetric matrix comes of half
the work. Arrays of other shapes raise a ValueError. Beside the result, memory is bounded whatever n
and m are. Any of them may be handed to an SVM as its kernel.
"""

import numpy as np

from strata.features.transforms._additive_kernels import (
    Block,
    additive,
    chi_square_block,
    intersection_block,
)


def linear(X: np.ndarray, Y: np.ndarray | None = None) -> np.ndarray:
    """The dot product."""
    X, Y = _pair(X, Y)
    return X @ Y.T


def polynomial(
    X: np.ndarray,
    Y: np.ndarray | None = None,
    *,
    degree: int = 3,
    gamma: float | None = None,
    offset: float = 1.0,
) -> np.ndarray:
    """(gamma x.y + offset)^degree; gamma is 1 / d unless given."""
    K = linear(X, Y)
    K *= 1 / X.shape[1] if gamma is None else gamma
    K += offset
    K **= degree
    return K


def sigmoid(
    X: np.ndarray, Y: np.ndarray | None = None, *, gamma: float | None = None, offset: float = 1.0
) -> np.ndarray:
    """tanh(gamma x.y + offset), not positive definite; gamma is 1 / d unless given."""
    K = linear(X, Y)
    K *= 1 / X.shape[1] if gamma is None else gamma
    K += offset
    return np.tanh(K, out=K)


def rbf(X: np.ndarray, Y: np.ndarray | None = None, *, gamma: float | None = None) -> np.ndarray:
    """exp(-gamma ||x - y||^2); gamma is 1 / (d var(X)) unless given."""
    symmetric = Y is None
    X, Y = _pair(X, Y)
    if gamma is None:
        gamma = 1 / (X.shape[1] * float(X.var()) or 1.0)
    K = X @ Y.T
    K *= 2
    K -= _squares(X)[:, None]
    K -= _squares(Y)
    np.minimum(K, 0, out=K)  # rounding may leave a squared distance below zero
    if symmetric:
        np.fill_diagonal(K, 0)
    K *= gamma
    return np.exp(K, out=K)


def intersection(X: np.ndarray, Y: np.ndarray | None = None) -> np.ndarray:
    """Histogram intersection, the sum of min(x, y), of non-negative vectors (Swain, Ballard 1991).

    Raises:
        ValueError: a negative number.
    """
    return _additive(intersection_block, X, Y)


def generalized_intersection(
    X: np.ndarray, Y: np.ndarray | None = None, *, alpha: float = 0.5
) -> np.ndarray:
    """The sum of min(|x|^alpha, |y|^alpha) (Boughorbel, Tarel, Boujemaa 2005)."""
    X, Y = _pair(X, Y)
    left = np.abs(X) ** alpha
    return intersection(left, left if Y is X else np.abs(Y) ** alpha)


def chi_square(X: np.ndarray, Y: np.ndarray | None = None) -> np.ndarray:
    """The additive chi-square kernel, the sum of 2 x y / (x + y), of non-negative vectors.

    Of L1-normalized histograms it is 1 - (1/2) sum (x - y)^2 / (x + y).

    Raises:
        ValueError: a negative number.
    """
    return _additive(chi_square_block, X, Y)


def hellinger(X: np.ndarray, Y: np.ndarray | None = None) -> np.ndarray:
    """The sum of sqrt(x y) (Bhattacharyya's coefficient), of non-negative vectors.

    Raises:
        ValueError: a negative number.
    """
    X, Y = _non_negative(*_pair(X, Y))
    root = np.sqrt(X)
    return root @ (root if Y is X else np.sqrt(Y)).T


def _additive(block: Block, X: np.ndarray, Y: np.ndarray | None) -> np.ndarray:
    X, Y = _non_negative(*_pair(X, Y))
    return additive(block, X, Y)


def _pair(X: np.ndarray, Y: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """X and Y in one floating dtype, row by row in memory; Y is X where there is no Y."""
    symmetric = Y is None or Y is X
    Y = X if Y is None else Y
    dtype = np.float32 if X.dtype == Y.dtype == np.float32 else np.float64
    X = np.ascontiguousarray(X, dtype)
    Y = X if symmetric else np.ascontiguousarray(Y, dtype)
    if X.ndim != 2 or Y.ndim != 2 or X.shape[1] != Y.shape[1]:
        raise ValueError(f"A kernel is of two (n, d) arrays of one d, not {X.shape} and {Y.shape}.")
    return X, Y


def _non_negative(X: np.ndarray, Y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    for part in (X, Y):
        if part.size and part.min() < 0:
            raise ValueError("This kernel is for histograms, but there are negative numbers.")
    return X, Y


def _squares(X: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij->i", X, X)
