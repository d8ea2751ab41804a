"""Candidates for the maximum: the positions whose score lies within a margin of the greatest."""

import numpy as np

from strata._compiled import inlined
from strata.features._simd import float8

CHUNK = 32  # scores compared at a time: four vectors of eight; rows of scores are padded to it
PADDING_SCORE = -(2**31) + 1  # int32 score of a padding position, below any other


@inlined
def list_candidates(
    scores: np.ndarray,
    at: np.uint64,
    width: int,
    k: int,
    margin: np.float32,
    scratch: np.ndarray,
    candidates: np.ndarray,
    set_bits: np.ndarray,
) -> np.int64:
    """List, in ascending order, the positions whose score is less than `margin` below the maximum.

    Args:
        scores: flat float32.
        at: index of the first score of the row that is searched.
        width: length of the row, a multiple of CHUNK.
        k: positions from here on are padding and are not listed.
        margin: greater than zero.
        scratch: (CHUNK,) float32.
        candidates: (width + 8,) int32, filled with the positions.
        set_bits: `float8.SET_BITS`.

    Returns:
        the number of positions listed.
    """
    for c in range(CHUNK):
        scratch[c] = scores[at + np.uint64(c)]
    for c in range(CHUNK, width, CHUNK):
        for part in range(0, CHUNK, 8):
            float8.maximum(scratch, np.uint64(part), scores, at + np.uint64(c + part))
    for half in (16, 8):
        for part in range(0, half, 8):
            float8.maximum(scratch, np.uint64(part), scratch, np.uint64(half + part))
    top = scratch[0]
    for part in range(8):
        top = max(top, scratch[part])
    m = np.uint64(0)
    for c in range(0, width, 8):
        first = np.uint64(c)
        m = float8.append_above(scores, at + first, top - margin, candidates, m, first, set_bits)
    count = np.int64(m)
    while count > 0 and candidates[count - 1] >= k:  # padding passes where all scores are alike
        count -= 1
    return count
