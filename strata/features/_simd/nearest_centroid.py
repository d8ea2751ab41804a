"""Nearest centroid of each point: candidates by an int16 product, then float32 distances.

With x and the centroids c less the centroids' mean, x . c - |c|^2 / 2 is greatest where |x - c| is
least. Its error in int16 has a bound, and a centroid further below the maximum than twice that
bound cannot be the nearest. Of 1,024 words one candidate is left for nine in ten RootSIFT
descriptors.
"""

from math import sqrt

import numpy as np

from strata._compiled import compiled, inlined
from strata.features._simd.candidates import CHUNK, PADDING_SCORE, list_candidates
from strata.features._simd.float8 import SET_BITS
from strata.features._simd.int16_gemm import ROWS, multiply, n_pairs, pack_tiles

Array = np.ndarray

_BLOCK = 16 * ROWS  # points whose products with all centroids are held at a time
_LENGTH = 32_000  # of the longest vector in int16: 1.5 times its square has 31 bits
_SHORTEST = 1e-30  # lower bound of a length, so that float32 holds the scale


class TiledCentroids:
    """Centroids in the layout that the compiled loop reads.

    Args:
        centroids: (k, d) float32.
    """

    def __init__(self, centroids: Array) -> None:
        self._centroids = np.ascontiguousarray(centroids, np.float32)
        self._shift = centroids.mean(axis=0, dtype=np.float64).astype(np.float32)
        centered = self._centroids - self._shift
        squares = np.einsum("ij,ij->i", centered, centered, dtype=np.float64)
        self._length = np.float32(sqrt(squares.max()))
        scale = _LENGTH / max(float(self._length), _SHORTEST)
        self._tiles = pack_tiles(centered * scale, CHUNK)
        self._half_squares = (squares / 2 * scale).astype(np.float32)

    def assign(self, X: Array, labels: Array) -> None:
        """Write the nearest centroid of each row of C-contiguous (n, d) float32 to (n,) int64."""
        _assign(
            X,
            self._shift,
            self._centroids,
            self._length,
            self._half_squares,
            self._tiles,
            SET_BITS,
            labels,
        )


@compiled
def _assign(
    X: Array,
    shift: Array,
    centroids: Array,
    length: np.float32,
    half_squares: Array,
    tiles: Array,
    set_bits: Array,
    labels: Array,
) -> None:
    """The loop of `TiledCentroids.assign`, a block of points at a time."""
    n, d = X.shape
    width = tiles.shape[0] * tiles.shape[2]
    integers = np.zeros((_BLOCK, 2 * n_pairs(d)), np.int16)
    bias = np.full(width, PADDING_SCORE, np.int32)
    scores = np.empty((_BLOCK, width), np.float32)
    candidates = np.empty(width + 8, np.int32)
    scratch = np.empty(CHUNK, np.float32)
    # Both sides are rounded by up to 1/2 in each of d places, the sums and halves by less than 256.
    margin = np.float32(2 * (np.sqrt(d) * _LENGTH + d + 256))
    for top in range(0, n, _BLOCK):
        block = X[top : top + _BLOCK]
        scale = _LENGTH / max(length, _max_length(block, shift), np.float32(_SHORTEST))
        _to_int16(block, shift, scale, integers)
        for c in range(len(half_squares)):
            bias[c] = -np.int32(half_squares[c] * scale)
        multiply(integers.view(np.int32), tiles, bias, scores)
        flat = scores.ravel()
        for i in range(len(block)):
            at = np.uint64(i * width)
            m = list_candidates(
                flat, at, width, len(centroids), margin, scratch, candidates, set_bits
            )
            labels[top + i] = (
                candidates[0] if m == 1 else _nearest_of(block[i], centroids, candidates[:m])
            )


@inlined
def _max_length(X: Array, shift: Array) -> np.float32:
    """Greatest Euclidean length of the rows of X - shift."""
    greatest = np.float32(0)
    for i in range(X.shape[0]):
        square = np.float32(0)
        for j in range(X.shape[1]):
            square += (X[i, j] - shift[j]) * (X[i, j] - shift[j])
        greatest = max(greatest, square)
    return np.sqrt(greatest)


@inlined
def _to_int16(X: Array, shift: Array, scale: np.float32, integers: Array) -> None:
    """integers = round((X - shift) * scale)."""
    for i in range(X.shape[0]):
        for j in range(X.shape[1]):
            integers[i, j] = np.int16(np.int32(np.rint((X[i, j] - shift[j]) * scale)))


@inlined
def _nearest_of(x: Array, centroids: Array, candidates: Array) -> int:
    """The first of the candidates at the least distance; 0 where there is no candidate."""
    nearest, least = 0, np.float32(np.inf)
    for c in candidates:
        square = np.float32(0)
        for j in range(len(x)):
            square += (x[j] - centroids[c, j]) * (x[j] - centroids[c, j])
        if square < least:
            nearest, least = c, square
    return nearest
