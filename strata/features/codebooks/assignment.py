"""Assignment of descriptors to codewords: hard (nearest) and soft (several, weighted)."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from strata._compiled import KERNELS
from strata._threads import in_threads
from strata.errors import InputError

if KERNELS == "numba":
    from strata.features._simd.nearest_centroid import TiledCentroids

_BLOCK = 512  # descriptors at a time: enough for the product, few enough for the cache
_PART = 32 * _BLOCK  # to a thread

#: Magnitudes whose squares, summed over dimensions, neither overflow nor vanish in float32.
_LEAST, _GREATEST = 1e-18, 1e16


def nearest_words(X: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Nearest word of each row, by Euclidean distance.

    Args:
        X: (n, d), any dtype; converted to float32 a block at a time.
        words: (k, d) float32.

    Returns:
        (n,) int64 indices of words, the first of equally near ones.

    Raises:
        InputError: a number that is not finite, or whose square leaves float32.
    """
    _check_words(words)
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
        block = in_float32(X[start : start + _BLOCK])
        words.assign(np.ascontiguousarray(block), labels[start : start + _BLOCK])
    return labels


def _label_numpy(X: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Labels of one part of the rows, by the scores of `_centered_scores`."""
    labels = np.empty(len(X), np.int64)
    for start, scores in _centered_scores(X, words):
        labels[start : start + _BLOCK] = scores.argmax(axis=1)
    return labels


def _centered_scores(X: np.ndarray, words: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Half the negative squared distances to each word, up to a constant in each row.

    With x and w less the words' mean, x.w - |w|^2 / 2 in float64: far from the origin, float32 and
    the words as they are would leave little of the distance.

    Yields:
        the first row of each block, and its scores (rows, k).
    """
    shift = words.mean(axis=0, dtype=np.float64)
    centered = words - shift
    half = np.einsum("ij,ij->i", centered, centered) / 2
    for start in range(0, len(X), _BLOCK):
        block = in_float32(X[start : start + _BLOCK]) - shift
        yield start, block @ centered.T - half


def in_float32(X: np.ndarray) -> np.ndarray:
    """X in float32; InputError where sums of its squares would not be."""
    with np.errstate(over="ignore"):  # of float64: told below
        block = np.asarray(X, np.float32)
    if block.size and not max(block.max(), -block.min()) <= _GREATEST:  # true of NaN, too
        raise InputError(
            "Descriptors hold numbers that are not finite, or whose squares leave float32.",
            f"Scale them: magnitudes up to {_GREATEST:g} are possible.",
        )
    return block


def _check_words(words: np.ndarray) -> None:
    """Refuse words that are not finite, or so far apart or close that squares leave float32."""
    spread = np.ptp(in_float32(words), axis=0).max(initial=0)
    if 0 < spread < _LEAST:
        raise InputError(
            f"Words that differ by {spread:g} at most cannot be told apart in float32.",
            f"Scale the descriptors: differences from {_LEAST:g} on are possible.",
        )


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

    Raises:
        InputError: a number that is not finite, or whose square leaves float32.
    """
    _check_words(words)
    m = min(n_neighbors, len(words))
    labels = np.empty((len(X), m), np.int64)
    weights = np.empty((len(X), m), np.float32)
    for start, scores in _centered_scores(X, words):
        nearest = np.argpartition(-scores, m - 1, axis=1)[:, :m]
        score = np.take_along_axis(scores, nearest, axis=1)
        order = np.argsort(-score, axis=1, kind="stable")
        score = np.take_along_axis(score, order, axis=1)
        weight = np.exp((score - score[:, :1]) / bandwidth**2)
        labels[start : start + _BLOCK] = np.take_along_axis(nearest, order, axis=1)
        weights[start : start + _BLOCK] = weight / weight.sum(axis=1, keepdims=True)
    return labels, weights
