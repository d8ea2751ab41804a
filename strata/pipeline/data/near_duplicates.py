"""Near-duplicates: pictures that are equal up to re-encoding, size, brightness and a slight crop.

Perceptual hashes alone cannot decide: two beaches share their low frequencies, and a crop by three
percent changes more bits than differ between them. So the hashes, and then the signs of finer
detail, only propose candidate pairs; `registration` verifies them.
"""

from collections.abc import Iterator

import numpy as np

from strata.pipeline.data import registration
from strata.pipeline.data.fingerprint import THUMBNAIL

#: A candidate pair differs in at most so many of 256 signs of detail, two fewer for each bit by
#: which the hashes differ.
MAX_SIGNS = 88
#: Least root mean square, in gray levels, of the double-centered details. Below it a picture is
#: flat: its details are rounding and noise, and its copies cannot be recognized.
MIN_DETAIL = 1.0

#: Block sizes, chosen for the CPU caches: hashes compared at once (rows, columns), candidate pairs
#: collected before they are verified, pairs registered together.
_ROWS, _COLUMNS, _WAITING, _TOGETHER = 16, 8192, 1 << 14, 256

Array = np.ndarray


def near_duplicate_groups(phashes: Array, thumbnails: Array, max_distance: int) -> Array:
    """Number the groups of near-duplicates.

    Args:
        phashes: perceptual hashes, uint64 (n,).
        thumbnails: uint8 (n, THUMBNAIL, THUMBNAIL).
        max_distance: largest Hamming distance of the hashes of a candidate pair.

    Returns:
        int (n,): equal for near-duplicates, transitively.
    """
    signs, textured = _detail_signs(thumbnails)
    group = np.arange(len(phashes))
    for first, second in _candidate_pairs(phashes[textured], max_distance):
        first, second = textured[first], textured[second]
        near = group[first] != group[second]
        first, second = first[near], second[near]
        bits = np.bitwise_count(phashes[first] ^ phashes[second]).astype(int)
        near = np.bitwise_count(signs[first] ^ signs[second]).sum(1) + 2 * bits <= MAX_SIGNS
        _merge_verified(group, thumbnails, first[near], second[near])
    return group


def _merge_verified(group: Array, thumbnails: Array, first: Array, second: Array) -> None:
    """Verify candidate pairs by registration; merge groups of matches, the lower number wins."""
    for start in range(0, len(first), _TOGETHER):
        a, b = first[start : start + _TOGETHER], second[start : start + _TOGETHER]
        apart = group[a] != group[b]  # groups may have been merged since
        a, b = a[apart], b[apart]
        if not len(a):
            continue
        same = registration.same_picture(thumbnails[a], thumbnails[b])
        for i, j in zip(a[same], b[same], strict=True):
            low, high = sorted((group[i], group[j]))
            if low != high:
                group[group == high] = low


def _candidate_pairs(phashes: Array, max_distance: int) -> Iterator[tuple[Array, Array]]:
    """Yield pairs of indices, first < second, of hashes within the Hamming distance, in blocks."""
    waiting: list[tuple[Array, Array]] = []
    count = 0
    for row in range(0, len(phashes), _ROWS):
        rows = phashes[row : row + _ROWS, None]
        for column in range(row, len(phashes), _COLUMNS):
            columns = phashes[None, column : column + _COLUMNS]
            hits = np.flatnonzero(np.bitwise_count(rows ^ columns) <= max_distance)
            first, second = np.divmod(hits, columns.shape[1])
            first, second = first + row, second + column
            if column < row + _ROWS:  # the diagonal block: drop pairs with second <= first
                later = second > first
                first, second = first[later], second[later]
            waiting.append((first, second))
            count += len(first)
        if count >= _WAITING:
            yield _concatenated(waiting)
            waiting, count = [], 0
    if waiting:
        yield _concatenated(waiting)


def _concatenated(pairs: list[tuple[Array, Array]]) -> tuple[Array, Array]:
    firsts, seconds = zip(*pairs, strict=True)
    return np.concatenate(firsts), np.concatenate(seconds)


def _detail_signs(thumbnails: Array) -> tuple[Array, Array]:
    """Binarize the band-pass filtered details of thumbnails.

    Returns:
        Signs of 16 x 16 cells as 256 bits, uint64 (n, 4); and the indices of the pictures that are
        not flat (see `MIN_DETAIL`).
    """
    cells = 16
    average = np.repeat(np.eye(cells), THUMBNAIL, 1).reshape(cells, THUMBNAIL, cells).mean(2)
    signs = np.empty((len(thumbnails), 4), np.uint64)
    strength = np.empty(len(thumbnails))
    for start in range(0, len(thumbnails), _COLUMNS):
        part = slice(start, start + _COLUMNS)
        areas = average @ registration.band_pass(thumbnails[part], 0.8, 3.0) @ average.T
        bits = areas.reshape(len(areas), -1) > 0
        signs[part] = np.packbits(bits, axis=1).view(np.uint64)
        details = registration.band_pass(thumbnails[part])
        details = registration.double_centered(details, np.ones_like(details))
        strength[part] = np.sqrt((details**2).mean((1, 2)))
    return signs, np.flatnonzero(strength >= MIN_DETAIL)
