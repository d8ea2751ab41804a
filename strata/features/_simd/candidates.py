"""Which of many scores are near the greatest."""

import numpy as np

from strata._compiled import inlined
from strata.features._simd import float8

TOGETHER = 32  # scores compared at a time: four vectors of eight
NONE = -(2**31) + 1  # score, among whole numbers of 32 bits, of a place that only fills up


@inlined
def shortlist(
    scores: np.ndarray,
    at: np.uint64,
    width: int,
    k: int,
    within: np.float32,
    best: np.ndarray,
    near: np.ndarray,
    lanes: np.ndarray,
) -> np.int64:
    """List the places whose score is less than `within` below the greatest, in order.

    Args:
        scores: flat float32; those from `at` on are looked at.
        at: the first of them.
        width: how many, a multiple of TOGETHER.
        k: places from here on only fill up, and are not listed.
        within: greater than zero.
        best: room for TOGETHER float32.
        near: room for width + 8 int32; the list.
        lanes: `_octets.LANES_SET`.

    Returns:
        how many are listed.
    """
    for c in range(TOGETHER):
        best[c] = scores[at + np.uint64(c)]
    for c in range(TOGETHER, width, TOGETHER):
        for lane in range(0, TOGETHER, 8):
            float8.raise_to(best, np.uint64(lane), scores, at + np.uint64(c + lane))
    for half in (16, 8):
        for lane in range(0, half, 8):
            float8.raise_to(best, np.uint64(lane), best, np.uint64(half + lane))
    top = best[0]
    for lane in range(8):
        top = max(top, best[lane])
    m = np.uint64(0)
    for c in range(0, width, 8):
        first = np.uint64(c)
        m = float8.list_above(scores, at + first, top - within, near, m, first, lanes)
    count = np.int64(m)
    while count > 0 and near[count - 1] >= k:  # where no score says anything, all are listed
        count -= 1
    return count
