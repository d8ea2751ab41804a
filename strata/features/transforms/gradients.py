"""Gradients pulled back through transforms of vectors: vector-Jacobian products."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.kernel_approximation import Nystroem
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from strata.errors import InputError
from strata.features.transforms.kernel_approximation import SPECTRA, AdditiveKernelMap
from strata.features.transforms.lda import LDA
from strata.features.transforms.normalize import CenteredPower


def pull_back(transform: Any, X: np.ndarray, G: np.ndarray) -> np.ndarray:
    """Gradient of a function of transformed vectors, with respect to the vectors: (n, d) float64.

    Roots have no slope at 0: components that are 0 get none.

    Args:
        transform: fitted; scikit-learn's StandardScaler, PCA, Nystroem (kernel "rbf"), Pipeline of
            these, or CenteredPower, LDA or AdditiveKernelMap.
        X: (n, d), where the gradient is wanted.
        G: (n, d'), the gradient with respect to `transform.transform(X)`.

    Raises:
        InputError: another transform.
    """
    X, G = np.asarray(X, np.float64), np.asarray(G, np.float64)
    if isinstance(transform, Pipeline):
        given = [X]
        for _, step in transform.steps[:-1]:
            given.append(step.transform(given[-1]))
        for (_, step), x in zip(reversed(transform.steps), reversed(given), strict=True):
            G = pull_back(step, x, G)
        return G
    for kind, rule in _RULES.items():
        if isinstance(transform, kind):
            return rule(transform, X, G)
    raise InputError(f"No gradient is known of {type(transform).__name__}.")


def pull_back_l2(X: np.ndarray, G: np.ndarray) -> np.ndarray:
    """`pull_back` through `normalize.l2`: the part across the vector, over its length."""
    lengths = np.sqrt(np.square(X).sum(1, keepdims=True, dtype=np.float64))
    lengths[lengths == 0] = 1
    unit = X / lengths
    return (G - unit * (unit * G).sum(1, keepdims=True)) / lengths


def _scaler(transform: StandardScaler, X: np.ndarray, G: np.ndarray) -> np.ndarray:
    return G / transform.scale_ if transform.with_std else G


def _pca(transform: PCA, X: np.ndarray, G: np.ndarray) -> np.ndarray:
    if transform.whiten:
        G = G / np.sqrt(transform.explained_variance_)
    return G @ transform.components_


def _nystroem(transform: Nystroem, X: np.ndarray, G: np.ndarray) -> np.ndarray:
    if transform.kernel != "rbf":
        raise InputError(
            f"No gradient is known of Nystroem's map of the kernel {transform.kernel}."
        )
    basis = transform.components_.astype(np.float64)
    squares = np.square(X).sum(1)[:, None] - 2 * X @ basis.T + np.square(basis).sum(1)
    K = np.exp(-transform.gamma * np.maximum(squares, 0)) * (G @ transform.normalization_)
    return 2 * transform.gamma * (K @ basis - K.sum(1, keepdims=True) * X)


def _power(transform: CenteredPower, X: np.ndarray, G: np.ndarray) -> np.ndarray:
    size, alpha = np.abs(X), transform.alpha
    slope = alpha * np.where(size > 0, size, 1) ** (alpha - 1)
    return G * np.where(size > 0, slope, 0)


def _lda(transform: LDA, X: np.ndarray, G: np.ndarray) -> np.ndarray:
    return G @ transform.directions_.T


def _additive(transform: AdditiveKernelMap, X: np.ndarray, G: np.ndarray) -> np.ndarray:
    d, L, spectrum = X.shape[1], transform.period, SPECTRA[transform.kernel]
    size = np.where(X > 0, X, 1)
    found = G[:, :d] * np.sqrt(L * spectrum(0.0)) / 2
    for j in range(1, transform.order + 1):
        even, odd = G[:, (2 * j - 1) * d : 2 * j * d], G[:, 2 * j * d : (2 * j + 1) * d]
        angle = j * L * np.log(size)
        cosine, sine = np.cos(angle), np.sin(angle)
        slope = even * (cosine / 2 - j * L * sine) + odd * (sine / 2 + j * L * cosine)
        found += np.sqrt(2 * L * spectrum(j * L)) * slope
    return np.where(X > 0, found / np.sqrt(size), 0)


_RULES: dict[type, Callable[[Any, np.ndarray, np.ndarray], np.ndarray]] = {
    StandardScaler: _scaler,
    PCA: _pca,
    Nystroem: _nystroem,
    CenteredPower: _power,
    LDA: _lda,
    AdditiveKernelMap: _additive,
}
