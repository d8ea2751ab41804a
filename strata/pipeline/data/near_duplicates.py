"""Groups of pictures that are the same up to re-encoding, size, brightness and a slight crop.

Perceptual hashes alone do not tell: two beaches share their low frequencies, and a crop by three
percent changes more bits than there are between them. So hashes, and then signs of finer detail,
only propose pairs; `registration` looks at these.
"""

from collections.abc import Iterator

import numpy as np

from strata.pipeline.data import registration
from strata.pipeline.data.fingerprint import THUMBNAIL

#: A pair is proposed if its pictures differ in at most so many of 256 signs of detail, two less
#: for each bit by which their hashes differ.
MAX_SIGNS = 88
#: Less detail than this that is neither rows nor columns, in gray levels (root mean square), is
#: rounding and noise: such a flat picture cannot be recognized.
MIN_DETAIL = 1.0

#: Hashes compared by one operation (rows, columns), pairs that wait to be looked at, thumbnails
#: filtered and pairs registered together: sized for the caches.
_ROWS, _COLUMNS, _WAITING, _TOGETHER = 16, 8192, 1 << 14, 256

Array = np.ndarray


def near_duplicate_groups(phashes: Array, thumbnails: Array, max_distance: int) -> Array:
    """Number the groups of like pictures.

    Args:
        phashes: uint64 (n,).
        thumbnails: uint8 (n, THUMBNAIL, THUMBNAIL).
        max_distance: the most bits in which the hashes of a proposed pair differ.

    Returns:
        int (n,): equal for pictures that are alike, or alike to a common third.
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
    """Give the pictures of those pairs that are alike one number, the lowest of their groups."""
    for start in range(0, len(first), _TOGETHER):
        a, b = first[start : start + _TOGETHER], second[start : start + _TOGETHER]
        apart = group[a] != group[b]  # groups may have grown since
        a, b = a[apart], b[apart]
        if not len(a):
            continue
        same = registration.same_picture(thumbnails[a], thumbnails[b])
        for i, j in zip(a[same], b[same], strict=True):
            low, high = sorted((group[i], group[j]))
            if low != high:
                group[group == high] = low


def _candidate_pairs(phashes: Array, max_distance: int) -> Iterator[tuple[Array, Array]]:
    """Pairs of indices, first < second, with hashes at most so many bits apart."""
    waiting: list[tuple[Array, Array]] = []
    count = 0
    for row in range(0, len(phashes), _ROWS):
        rows = phashes[row : row + _ROWS, None]
        for column in range(row, len(phashes), _COLUMNS):
            columns = phashes[None, column : column + _COLUMNS]
            hits = np.flatnonzero(np.bitwise_count(rows ^ columns) <= max_distance)
            first, second = np.divmod(hits, columns.shape[1])
            first, second = first + row, second + column
            if column < row + _ROWS:  # the diagonal and what lies left of it
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
    """Where details are brighter than their surroundings.

    Returns:
        Signs of 16 x 16 areas, uint64 (n, 4); and the indices of the pictures that are not flat.
    """
    cells = 16
    average = np.repeat(np.eye(cells), THUMBNAIL, 1).reshape(cells, THUMBNAIL, cells).mean(2)
    signs = np.empty((len(thumbnails), 4), np.uint64)
    strength = np.empty(len(thumbnails))
    for start in range(0, len(thumbnails), _COLUMNS):
        part = slice(start, start + _COLUMNS)
        areas = average @ registration.details(thumbnails[part], 0.8, 3.0) @ average.T
        bits = areas.reshape(len(areas), -1) > 0
        signs[part] = np.packbits(bits, axis=1).view(np.uint64)
        details = registration.details(thumbnails[part])
        details = registration.double_centered(details, np.ones_like(details))
        strength[part] = np.sqrt((details**2).mean((1, 2)))
    return signs, np.flatnonzero(strength >= MIN_DETAIL)
