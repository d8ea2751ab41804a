"""The nearest word by whole numbers first, and by distance among the few that could be it.

With x and the words c less the words' mean, x.c - |c|^2 / 2 is greatest where |x - c| is least. Its
error in 16-bit whole numbers has a bound, and a word further below the greatest than twice that
cannot be the nearest. Of 1,024 words one is left for nine in ten RootSIFT descriptors.
"""

from math import sqrt

import numpy as np

from strata._compiled import compiled, inlined
from strata.features._simd import float8
from strata.features._simd.candidates import NONE, TOGETHER, shortlist
from strata.features._simd.int16_gemm import ROWS, in_tiles, multiply, pairs_in

Array = np.ndarray

_BLOCK = 16 * ROWS  # rows whose products with all words are held at a time
_LENGTH = 32_000  # of the longest vector in whole numbers: 1.5 times its square has 31 bits
_SHORTEST = 1e-30  # what shorter ones are taken for, so that float32 holds the scale


class WordsInTiles:
    """A codebook as the compiled loop reads it.

    Args:
        words: (k, d) float32.
    """

    def __init__(self, words: Array) -> None:
        self._words = np.ascontiguousarray(words, np.float32)
        self._shift = words.mean(axis=0, dtype=np.float64).astype(np.float32)
        centered = self._words - self._shift
        squares = np.einsum("ij,ij->i", centered, centered, dtype=np.float64)
        self._length = np.float32(sqrt(squares.max()))
        scale = _LENGTH / max(float(self._length), _SHORTEST)
        self._tiles = in_tiles(centered * scale, TOGETHER)
        self._half = (squares / 2 * scale).astype(np.float32)

    def label(self, X: Array, labels: Array) -> None:
        """Write the nearest word of each row of C-contiguous (n, d) float32 into (n,) int64."""
        _label(
            X,
            self._shift,
            self._words,
            self._length,
            self._half,
            self._tiles,
            float8.LANES_SET,
            labels,
        )


@compiled
def _label(
    X: Array,
    shift: Array,
    words: Array,
    length: np.float32,
    half: Array,
    tiles: Array,
    lanes: Array,
    labels: Array,
) -> None:
    n, d = X.shape
    width = tiles.shape[0] * tiles.shape[2]
    numbers = np.zeros((_BLOCK, 2 * pairs_in(d)), np.int16)
    start = np.full(width, NONE, np.int32)
    scores = np.empty((_BLOCK, width), np.float32)
    near = np.empty(width + 8, np.int32)
    best = np.empty(TOGETHER, np.float32)
    # Both sides are rounded by up to 1/2 in each of d places, the sums and halves by less than 256.
    within = np.float32(2 * (np.sqrt(d) * _LENGTH + d + 256))
    for top in range(0, n, _BLOCK):
        block = X[top : top + _BLOCK]
        scale = _LENGTH / max(length, _greatest_length(block, shift), np.float32(_SHORTEST))
        _to_numbers(block, shift, scale, numbers)
        for c in range(len(half)):
            start[c] = -np.int32(half[c] * scale)
        multiply(numbers.view(np.int32), tiles, start, scores)
        flat = scores.ravel()
        for i in range(len(block)):
            at = np.uint64(i * width)
            m = shortlist(flat, at, width, len(words), within, best, near, lanes)
            labels[top + i] = near[0] if m == 1 else _nearest_of(block[i], words, near[:m])


@inlined
def _greatest_length(X: Array, shift: Array) -> np.float32:
    greatest = np.float32(0)
    for i in range(X.shape[0]):
        square = np.float32(0)
        for j in range(X.shape[1]):
            square += (X[i, j] - shift[j]) * (X[i, j] - shift[j])
        greatest = max(greatest, square)
    return np.sqrt(greatest)


@inlined
def _to_numbers(X: Array, shift: Array, scale: np.float32, numbers: Array) -> None:
    for i in range(X.shape[0]):
        for j in range(X.shape[1]):
            numbers[i, j] = np.int16(np.int32(np.rint((X[i, j] - shift[j]) * scale)))


@inlined
def _nearest_of(x: Array, words: Array, near: Array) -> int:
    """The first of `near` with the least distance; 0 where there is none."""
    found, least = 0, np.float32(np.inf)
    for c in near:
        square = np.float32(0)
        for j in range(len(x)):
            square += (x[j] - words[c, j]) * (x[j] - words[c, j])
        if square < least:
            found, least = c, square
    return found
