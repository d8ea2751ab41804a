"""Which lines of pixels a dense SIFT grid needs, and how they are shared between descriptors.

Along one side, a descriptor has four spatial bins, and the bin middles of all descriptors lie on
few lines: with step 6 and bins of 8 pixels, bin k of descriptor i lies at 6 i + 8 k, so bin 3 of
one descriptor is bin 0 of the fourth after it. Lines are kept in classes of equal remainder of
the step; the lines of a class are one step apart, so a class is one contiguous sweep.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from strata.features.descriptors.sampling_grid import SIDE, Axis


class Lines(NamedTuple):
    """The bin lines along one side, class after class.

    Attributes:
        weights: (2 * bin size,) float32: the triangular bin, the same for all lines.
        counts: (classes,) int64: lines in each class.
        pixels: (lines,) int64: the first pixel under each line; may be negative.
        bins: (4,) int64: the line of each bin of the first descriptor; descriptor i's lines are
            i further.
    """

    weights: np.ndarray
    counts: np.ndarray
    pixels: np.ndarray
    bins: np.ndarray


class Sweeps(NamedTuple):
    """An order of pixels in which the sums for a class of lines run over contiguous memory.

    Pixel `first` + phase + step * index comes to place phase * `length` + index.

    Attributes:
        first, length: see above.
        starts: (classes, taps) int64: places of the pixels under the first line of each class.
    """

    first: int
    length: int
    starts: np.ndarray


@lru_cache(maxsize=256)
def lines(axis: Axis, bin_size: int, together: int = 1) -> Lines:
    """The lines that the centers of an axis need for bins of `bin_size` pixels.

    Classes are filled up to a multiple of `together` lines.
    """
    middle = axis.first - (SIDE - 1) / 2 * bin_size
    before = int(np.floor(middle - bin_size)) + 1
    weights = 1 - np.abs(before + np.arange(2 * bin_size) - middle) / bin_size

    turns, remainders = np.divmod(bin_size * np.arange(SIDE), axis.step)
    classes = np.unique(remainders)
    first = np.array([turns[remainders == r].min() for r in classes])
    last = np.array([turns[remainders == r].max() for r in classes])
    counts = -((first - last - axis.count) // together) * together
    pixels = [
        before + remainder + axis.step * (start + np.arange(count))
        for remainder, start, count in zip(classes, first, counts, strict=True)
    ]
    of_bin = np.searchsorted(classes, remainders)
    bins = (np.cumsum(counts) - counts - first)[of_bin] + turns
    return Lines(weights.astype(np.float32), counts, np.concatenate(pixels), bins)


@lru_cache(maxsize=256)
def sweeps(axis: Axis, bin_size: int, together: int = 1) -> Sweeps:
    """The order of pixels for `lines` of the same arguments."""
    weights, counts, pixels, _ = lines(axis, bin_size, together)
    first, taps = pixels.min(), np.arange(weights.size)
    length = (pixels.max() - first + taps.size - 1) // axis.step + 1
    of_class = pixels[np.cumsum(counts) - counts]
    index, phase = np.divmod(of_class[:, None] + taps - first, axis.step)
    return Sweeps(int(first), int(length), phase * length + index)
