"""Which codewords a descriptor is nearest to."""

from functools import partial

import numpy as np

from strata._threads import in_threads
from strata.features._simd.nearest_centroid import WordsInTiles

_BLOCK = 512  # descriptors at a time: enough for the product, few enough for the cache
_PART = 32 * _BLOCK  # to a thread


def nearest_words(X: np.ndarray, words: np.ndarray) -> np.ndarray:
    """The nearest word of each row, by Euclidean distance.

    Args:
        X: (n, d), any dtype; converted to float32 a block at a time.
        words: (k, d) float32.

    Returns:
        the numbers of the words (n,) int64, the first of equals.
    """
    parts = (X[start : start + _PART] for start in range(0, len(X), _PART))
    found = in_threads(partial(_nearest, words=WordsInTiles(words)), parts)
    return np.concatenate([np.zeros(0, np.int64), *found])


def _nearest(X: np.ndarray, words: WordsInTiles) -> np.ndarray:
    """The labels of few rows."""
    labels = np.empty(len(X), np.int64)
    for start in range(0, len(X), _BLOCK):
        block = np.asarray(X[start : start + _BLOCK], np.float32)
        words.label(np.ascontiguousarray(block), labels[start : start + _BLOCK])
    return labels


def squared_distances(X: np.ndarray, words: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The squared distance of each row of (n, d) float32 to the word of its label, (n,) float32."""
    squared = np.empty(len(X), np.float32)
    for start in range(0, len(X), _BLOCK):
        part = slice(start, start + _BLOCK)
        apart = X[part] - words[labels[part]]
        np.einsum("ij,ij->i", apart, apart, out=squared[part])
    return squared


def soft_assignment(
    X: np.ndarray, words: np.ndarray, *, neighbors: int, bandwidth: float
) -> tuple[np.ndarray, np.ndarray]:
    """Localized soft assignment: Gaussian weights over the nearest words (Liu, Wang, Liu 2011).

    Args:
        X: (n, d), any dtype.
        words: (k, d) float32.
        neighbors: how many words share a descriptor, at most k.
        bandwidth: standard deviation of the Gaussian, in the units of X.

    Returns:
        words (n, neighbors) int64, nearest first, and their weights (n, neighbors) float32,
        which sum to one in each row.
    """
    neighbors = min(neighbors, len(words))
    labels = np.empty((len(X), neighbors), np.int64)
    weights = np.empty((len(X), neighbors), np.float32)
    columns = np.ascontiguousarray(words.T)
    half = np.einsum("ij,ij->i", words, words) / 2
    for start in range(0, len(X), _BLOCK):
        near = np.asarray(X[start : start + _BLOCK], np.float32) @ columns
        near -= half
        some = np.argpartition(-near, neighbors - 1, axis=1)[:, :neighbors]
        score = np.take_along_axis(near, some, axis=1)
        order = np.argsort(-score, axis=1, kind="stable")
        score = np.take_along_axis(score, order, axis=1)
        weight = np.exp((score - score[:, :1]) / bandwidth**2)
        labels[start : start + _BLOCK] = np.take_along_axis(some, order, axis=1)
        weights[start : start + _BLOCK] = weight / weight.sum(axis=1, keepdims=True)
    return labels, weights
