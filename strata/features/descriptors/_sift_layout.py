"""Memory layout for dense SIFT: the lines of bin centers that a grid needs, shared by descriptors.

Along one side, a descriptor has four spatial bins, and the bin centers of all descriptors lie on
few lines (rows or columns of pixels): with step 6 and bins of 8 pixels, bin k of descriptor i is
centered at 6 i + 8 k, so bin 3 of one descriptor is bin 0 of the fourth after it. Lines are
grouped by their remainder modulo the step; the lines of a group are one step apart, so a group is
one contiguous run of pixels in polyphase order.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from strata.features.descriptors.sampling_grid import SIDE, Axis


class BinLines(NamedTuple):
    """Lines of bin centers along one side, group after group.

    Attributes:
        weights: (2 * bin size,) float32: the triangular bin, the same for all lines.
        counts: (groups,) int64: lines in each group.
        pixels: (lines,) int64: the first pixel under each line's bin; may be negative.
        bins: (4,) int64: the line of each bin of the first descriptor; descriptor i's lines are
            i further.
    """

    weights: np.ndarray
    counts: np.ndarray
    pixels: np.ndarray
    bins: np.ndarray


class PolyphaseOrder(NamedTuple):
    """Order of pixels in which the sums for a group of lines run over contiguous memory.

    Pixel `first` + phase + step * index comes to place phase * `length` + index.

    Attributes:
        first: the pixel at place 0; may be negative.
        length: places of each phase.
        starts: (groups, taps) int64: places of the pixels under the first line of each group.
    """

    first: int
    length: int
    starts: np.ndarray


@lru_cache(maxsize=256)
def bin_lines(axis: Axis, bin_size: int, multiple: int = 1) -> BinLines:
    """Lines that the centers of an axis need for bins of `bin_size` pixels.

    Groups are padded to a multiple of `multiple` lines.
    """
    middle = axis.first - (SIDE - 1) / 2 * bin_size
    before = int(np.floor(middle - bin_size)) + 1
    weights = 1 - np.abs(before + np.arange(2 * bin_size) - middle) / bin_size

    turns, remainders = np.divmod(bin_size * np.arange(SIDE), axis.step)
    groups = np.unique(remainders)
    first = np.array([turns[remainders == r].min() for r in groups])
    last = np.array([turns[remainders == r].max() for r in groups])
    counts = -((first - last - axis.count) // multiple) * multiple
    pixels = [
        before + remainder + axis.step * (start + np.arange(count))
        for remainder, start, count in zip(groups, first, counts, strict=True)
    ]
    of_bin = np.searchsorted(groups, remainders)
    bins = (np.cumsum(counts) - counts - first)[of_bin] + turns
    return BinLines(weights.astype(np.float32), counts, np.concatenate(pixels), bins)


@lru_cache(maxsize=256)
def polyphase_order(axis: Axis, bin_size: int, multiple: int = 1) -> PolyphaseOrder:
    """Order of pixels for `bin_lines` of the same arguments."""
    weights, counts, pixels, _ = bin_lines(axis, bin_size, multiple)
    first, taps = pixels.min(), np.arange(weights.size)
    length = (pixels.max() - first + taps.size - 1) // axis.step + 1
    of_group = pixels[np.cumsum(counts) - counts]
    index, phase = np.divmod(of_group[:, None] + taps - first, axis.step)
    return PolyphaseOrder(int(first), int(length), phase * length + index)
