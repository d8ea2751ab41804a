"""Candidate pairs of near-duplicates, by perceptual hashes and signs of finer detail.

Hashes alone cannot decide: two beaches share their low frequencies, and a crop by three percent
changes more bits than differ between them. So they only propose pairs, for `registration` to
measure.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from strata.pipeline.data import registration
from strata.pipeline.data.fingerprint import MIRRORED, THUMBNAIL

#: Largest Hamming distance of the perceptual hashes of a candidate pair. Unrelated pictures come
#: this close too.
MAX_DISTANCE = 20
#: A candidate pair differs in at most so many of 256 signs of detail, two fewer for each bit by
#: which the hashes differ.
MAX_SIGNS = 88
#: Candidates of an image among the images after it: the nearest are kept, so that the work grows
#: in proportion to the images where all of them look alike.
MAX_CANDIDATES = 16
#: Least root mean square, in gray levels, of the double-centered details. Below it a picture is
#: flat: its details are rounding and noise, and its copies cannot be recognized.
MIN_DETAIL = 1.0

#: Block sizes, chosen for the CPU caches: hashes compared at once (rows, columns), pairs collected
#: before their signs are compared.
_ROWS, _COLUMNS, _WAITING = 16, 8192, 1 << 14

#: Cells per side of the signs of detail.
_CELLS = 16

Array = np.ndarray


class Pairs(NamedTuple):
    """Pairs of images, first < second.

    Attributes:
        first: int (pairs,), indices of images.
        second: int (pairs,), indices of images.
        mirrored: bool (pairs,), true where the second image is to be mirrored.
    """

    first: Array
    second: Array
    mirrored: Array

    def where(self, chosen: Array | slice) -> "Pairs":
        """The chosen pairs, by mask, indices or slice."""
        return Pairs(*(column[chosen] for column in self))


def candidate_pairs(phashes: Array, thumbnails: Array) -> Iterator[Pairs]:
    """Yield blocks of pairs that may be near-duplicates or mirror images of such.

    Args:
        phashes: perceptual hashes, uint64 (n,).
        thumbnails: uint8 (n, THUMBNAIL, THUMBNAIL).
    """
    signs, textured = _detail_signs(thumbnails)
    for pairs in _similar_hashes(phashes[textured]):
        pairs = Pairs(textured[pairs.first], textured[pairs.second], pairs.mirrored)
        turned = np.where(pairs.mirrored, np.uint64(MIRRORED), np.uint64(0))
        distance = np.bitwise_count(phashes[pairs.first] ^ phashes[pairs.second] ^ turned)
        sides = pairs.mirrored.astype(int)
        differing = np.bitwise_count(signs[0, pairs.first] ^ signs[sides, pairs.second]).sum(1)
        differing = differing + 2 * distance.astype(int)
        near = differing <= MAX_SIGNS
        yield _nearest(pairs.where(near), differing[near])


def _nearest(pairs: Pairs, differing: Array) -> Pairs:
    """The `MAX_CANDIDATES` nearest pairs of each first image."""
    order = np.lexsort((differing, pairs.first))
    first = pairs.first[order]
    rank = np.arange(len(order)) - np.searchsorted(first, first)
    return pairs.where(order[rank < MAX_CANDIDATES])


def _similar_hashes(phashes: Array) -> Iterator[Pairs]:
    """Yield pairs of hashes within `MAX_DISTANCE`, in blocks of whole rows."""
    waiting: list[Pairs] = []
    count = 0
    for row in range(0, len(phashes), _ROWS):
        for mirrored, turned in ((False, np.uint64(0)), (True, np.uint64(MIRRORED))):
            rows = phashes[row : row + _ROWS, None] ^ turned
            for column in range(row, len(phashes), _COLUMNS):
                columns = phashes[None, column : column + _COLUMNS]
                hits = np.flatnonzero(np.bitwise_count(rows ^ columns) <= MAX_DISTANCE)
                first, second = np.divmod(hits, columns.shape[1])
                first, second = first + row, second + column
                if column < row + _ROWS:  # the diagonal block: drop pairs with second <= first
                    later = second > first
                    first, second = first[later], second[later]
                waiting.append(Pairs(first, second, np.full(len(first), mirrored)))
                count += len(first)
        if count >= _WAITING:
            yield _concatenated(waiting)
            waiting, count = [], 0
    if waiting:
        yield _concatenated(waiting)


def _concatenated(blocks: list[Pairs]) -> Pairs:
    return Pairs(*map(np.concatenate, zip(*blocks, strict=True)))


def _detail_signs(thumbnails: Array) -> tuple[Array, Array]:
    """Binarize the band-pass filtered details of thumbnails and of their mirror images.

    Returns:
        Signs of 16 x 16 cells as 256 bits, uint64 (2, n, 4), of the pictures and of their mirror
        images; and the indices of the pictures that are not flat (see `MIN_DETAIL`).
    """
    average = np.repeat(np.eye(_CELLS), THUMBNAIL, 1).reshape(_CELLS, THUMBNAIL, _CELLS).mean(2)
    signs = np.empty((2, len(thumbnails), 4), np.uint64)
    strength = np.empty(len(thumbnails))
    for start in range(0, len(thumbnails), _COLUMNS):
        part = slice(start, start + _COLUMNS)
        areas = average @ registration.band_pass(thumbnails[part], 0.8, 3.0) @ average.T
        for side, bits in enumerate((areas > 0, areas[:, :, ::-1] > 0)):
            signs[side, part] = np.packbits(bits.reshape(len(bits), -1), axis=1).view(np.uint64)
        details = registration.band_pass(thumbnails[part])
        details = registration.double_centered(details, np.ones_like(details))
        strength[part] = np.sqrt((details**2).mean((1, 2)))
    return signs, np.flatnonzero(strength >= MIN_DETAIL)
