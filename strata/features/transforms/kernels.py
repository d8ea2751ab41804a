"""Kernels between vectors or histograms, as exact kernel matrices.

Every kernel is a function `k(X, Y=None, **parameters) -> (n, m)` with X (n, d) and Y (m, d); the
result is float32 when both are float32 and float64 otherwise. Without Y, Y is X, and the additive
kernels compute only half of the symmetric matrix. Arrays of other shapes, numbers that are not
finite and results that the dtype does not hold raise a ValueError. Each function may be an SVM's
kernel.
"""

from collections.abc import Callable

import numpy as np
from sklearn.utils import assert_all_finite

from strata._compiled import KERNELS
from strata.features.transforms._additive_kernels import (
    Block,
    additive,
    chi2_block,
    intersection_block,
)

_ELEMENTS = 2**22  # of a temporary array of the NumPy version of additive kernels


def linear(X: np.ndarray, Y: np.ndarray | None = None) -> np.ndarray:
    """Linear kernel: the dot product."""
    X, Y = _pair(X, Y)
    return _in_range(X @ Y.T)


def polynomial(
    X: np.ndarray,
    Y: np.ndarray | None = None,
    *,
    degree: int = 3,
    gamma: float | None = None,
    coef0: float = 1.0,
) -> np.ndarray:
    """Polynomial kernel (gamma x.y + coef0)^degree; gamma is 1 / d if None."""
    K = linear(X, Y)
    K *= 1 / X.shape[1] if gamma is None else gamma
    K += coef0
    K **= degree
    return _in_range(K)


def sigmoid(
    X: np.ndarray, Y: np.ndarray | None = None, *, gamma: float | None = None, coef0: float = 1.0
) -> np.ndarray:
    """Sigmoid kernel tanh(gamma x.y + coef0), not positive definite; gamma is 1 / d if None."""
    K = linear(X, Y)
    K *= 1 / X.shape[1] if gamma is None else gamma
    K += coef0
    return np.tanh(K, out=K)


def rbf(X: np.ndarray, Y: np.ndarray | None = None, *, gamma: float | None = None) -> np.ndarray:
    """RBF kernel exp(-gamma ||x - y||^2); gamma is 1 / (d var(X)) if None.

    Both sides are shifted by the mean of Y: |x|^2 - 2 x.y + |y|^2 of vectors far from the origin
    would leave little of their distance.
    """
    symmetric = Y is None or Y is X
    X, Y = _pair(X, Y)
    if gamma is None:
        gamma = 1 / (X.shape[1] * float(X.var(dtype=np.float64)) or 1.0)
    center = Y.mean(axis=0, dtype=np.float64).astype(Y.dtype) if len(Y) else 0
    X, Y = X - center, X - center if symmetric else Y - center
    K = X @ Y.T
    K *= 2
    K -= _squared_lengths(X)[:, None]
    K -= _squared_lengths(Y)
    np.minimum(K, 0, out=K)  # rounding may leave a squared distance below zero
    if symmetric:
        np.fill_diagonal(K, 0)
    K *= gamma
    return _in_range(np.exp(K, out=K))


def intersection(X: np.ndarray, Y: np.ndarray | None = None) -> np.ndarray:
    """Histogram intersection, the sum of min(x, y), of non-negative vectors (Swain, Ballard 1991).

    Raises:
        ValueError: a negative number.
    """
    return _additive(intersection_block, np.minimum, X, Y)


def generalized_intersection(
    X: np.ndarray, Y: np.ndarray | None = None, *, alpha: float = 0.5
) -> np.ndarray:
    """Generalized intersection, the sum of min(|x|^alpha, |y|^alpha).

    Boughorbel, Tarel and Boujemaa, "Generalized histogram intersection kernel" (ICIP 2005).
    """
    X, Y = _pair(X, Y)
    left = np.abs(X) ** alpha
    return intersection(left, None if Y is X else np.abs(Y) ** alpha)


def chi2(X: np.ndarray, Y: np.ndarray | None = None) -> np.ndarray:
    """Additive chi-square kernel, the sum of 2 x y / (x + y), of non-negative vectors.

    Of L1-normalized histograms it is 1 - (1/2) sum (x - y)^2 / (x + y).

    Raises:
        ValueError: a negative number.
    """
    return _additive(chi2_block, _chi2_terms, X, Y)


def hellinger(X: np.ndarray, Y: np.ndarray | None = None) -> np.ndarray:
    """Hellinger kernel (Bhattacharyya coefficient), the sum of sqrt(x y), of non-negative vectors.

    Raises:
        ValueError: a negative number.
    """
    X, Y = _non_negative(*_pair(X, Y))
    root = np.sqrt(X)
    return _in_range(root @ (root if Y is X else np.sqrt(Y)).T)


def _additive(
    block: Block, terms: Callable[..., np.ndarray], X: np.ndarray, Y: np.ndarray | None
) -> np.ndarray:
    """An additive kernel by the compiled `block`, or by `terms` with STRATA_KERNELS=numpy."""
    X, Y = _non_negative(*_pair(X, Y))
    return _in_range(_additive_numpy(terms, X, Y) if KERNELS == "numpy" else additive(block, X, Y))


def _additive_numpy(terms: Callable[..., np.ndarray], X: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """The sum over features of terms(x, y): a row of X and a block of rows of Y at a time."""
    K = np.empty((len(X), len(Y)), X.dtype)
    rows = max(1, _ELEMENTS // max(1, X.shape[1]))
    for start in range(0, len(Y), rows):
        block = Y[start : start + rows]
        for i, x in enumerate(X):
            K[i, start : start + rows] = terms(x, block).sum(axis=1)
    return K


def _chi2_terms(x: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """2 x y / (x + y), 0 where both are 0."""
    total = x + Y
    return np.divide(2 * x * Y, total, out=np.zeros_like(total), where=total > 0)


def _pair(X: np.ndarray, Y: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """X and Y, C-contiguous and of one floating dtype; Y is X where there is no Y."""
    symmetric = Y is None or Y is X
    Y = X if Y is None else Y
    dtype = np.float32 if X.dtype == Y.dtype == np.float32 else np.float64
    X = np.ascontiguousarray(X, dtype)
    Y = X if symmetric else np.ascontiguousarray(Y, dtype)
    if X.ndim != 2 or Y.ndim != 2 or X.shape[1] != Y.shape[1]:
        raise ValueError(
            f"A kernel takes two (n, d) arrays of one d, but they have shapes {X.shape} and "
            f"{Y.shape}."
        )
    assert_all_finite(X, input_name="X")
    if not symmetric:
        assert_all_finite(Y, input_name="Y")
    return X, Y


def _in_range(K: np.ndarray) -> np.ndarray:
    """K as it is; ValueError where its dtype does not hold the kernel's values."""
    if not np.isfinite(K).all():
        raise ValueError(
            f"Values of this kernel of these vectors leave {K.dtype}: scale the vectors, for "
            "example to unit length."
        )
    return K


def _non_negative(X: np.ndarray, Y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    for array in (X, Y):
        if array.size and array.min() < 0:
            raise ValueError("This kernel is for histograms, but there are negative numbers.")
    return X, Y


def _squared_lengths(X: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij->i", X, X)
