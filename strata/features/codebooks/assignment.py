"""Assignment of descriptors to codewords: hard (nearest) and soft (several, weighted)."""

from functools import partial

import numpy as np

from strata._compiled import KERNELS
from strata._threads import in_threads

if KERNELS == "numba":
    from strata.features._simd.nearest_centroid import TiledCentroids

_BLOCK = 512  # descriptors at a time: enough for the product, few enough for the cache
_PART = 32 * _BLOCK  # to a thread


def nearest_words(X: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Nearest word of each row, by Euclidean distance.

    Args:
        X: (n, d), any dtype; converted to float32 a block at a time.
        words: (k, d) float32.

    Returns:
        (n,) int64 indices of words, the first of equally near ones.
    """
    parts = (X[start : start + _PART] for start in range(0, len(X), _PART))
    if KERNELS == "numpy":
        label = partial(_label_numpy, words=words)
    else:
        label = partial(_label, words=TiledCentroids(words))
    return np.concatenate([np.zeros(0, np.int64), *in_threads(label, parts)])


def _label(X: np.ndarray, words: "TiledCentroids") -> np.ndarray:
    """Labels of one part of the rows, by the compiled kernel."""
    labels = np.empty(len(X), np.int64)
    for start in range(0, len(X), _BLOCK):
        block = np.asarray(X[start : start + _BLOCK], np.float32)
        words.assign(np.ascontiguousarray(block), labels[start : start + _BLOCK])
    return labels


def _label_numpy(X: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Labels of one part of the rows: argmax of x.w - |w|^2 / 2 in float64, words centered."""
    shift = words.mean(axis=0, dtype=np.float64)
    centered = words - shift
    half = np.einsum("ij,ij->i", centered, centered) / 2
    labels = np.empty(len(X), np.int64)
    for start in range(0, len(X), _BLOCK):
        block = np.asarray(X[start : start + _BLOCK], np.float32) - shift
        labels[start : start + _BLOCK] = (block @ centered.T - half).argmax(axis=1)
    return labels


def squared_distances(X: np.ndarray, words: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Squared distance of each row of (n, d) float32 to the word of its label, (n,) float32."""
    squared = np.empty(len(X), np.float32)
    for start in range(0, len(X), _BLOCK):
        part = slice(start, start + _BLOCK)
        residuals = X[part] - words[labels[part]]
        np.einsum("ij,ij->i", residuals, residuals, out=squared[part])
    return squared


def soft_assignment(
    X: np.ndarray, words: np.ndarray, *, n_neighbors: int, bandwidth: float
) -> tuple[np.ndarray, np.ndarray]:
    """Localized soft assignment: Gaussian weights over the nearest words.

    Liu, Wang and Liu, "In defense of soft-assignment coding" (ICCV 2011).

    Args:
        X: (n, d), any dtype.
        words: (k, d) float32.
        n_neighbors: number of words that share a descriptor, at most k.
        bandwidth: standard deviation of the Gaussian, in the units of X.

    Returns:
        word indices (n, n_neighbors) int64, nearest first, and their weights (n, n_neighbors)
        float32, which sum to one in each row.
    """
    m = min(n_neighbors, len(words))
    labels = np.empty((len(X), m), np.int64)
    weights = np.empty((len(X), m), np.float32)
    columns = np.ascontiguousarray(words.T)
    half = np.einsum("ij,ij->i", words, words) / 2
    for start in range(0, len(X), _BLOCK):
        scores = np.asarray(X[start : start + _BLOCK], np.float32) @ columns
        scores -= half  # x.w - |w|^2 / 2 is half the negative squared distance, up to |x|^2 / 2
        nearest = np.argpartition(-scores, m - 1, axis=1)[:, :m]
        score = np.take_along_axis(scores, nearest, axis=1)
        order = np.argsort(-score, axis=1, kind="stable")
        score = np.take_along_axis(score, order, axis=1)
        weight = np.exp((score - score[:, :1]) / bandwidth**2)
        labels[start : start + _BLOCK] = np.take_along_axis(nearest, order, axis=1)
        weights[start : start + _BLOCK] = weight / weight.sum(axis=1, keepdims=True)
    return labels, weights
