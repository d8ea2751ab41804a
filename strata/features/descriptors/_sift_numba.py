"""Dense SIFT compiled by numba: the numbers of `_sift_numpy`, several times as fast.

Everything is weighted sums of runs of float32 (`_weighted_sum`): smoothing and spatial bins, down
and along. It is fast because only the bin lines that the grid needs are summed (`_sift_layout`);
the eight orientations of a point are contiguous; pixels one grid step apart are contiguous too, so
each sum runs over long stretches of memory; and rows are used while they are in the cache.
"""

import numpy as np

from strata._compiled import compiled, inlined
from strata.features._simd import float8
from strata.features.descriptors import _sift_numpy
from strata.features.descriptors._sift_layout import bin_lines, polyphase_order
from strata.features.descriptors.sampling_grid import SamplingGrid

CLIP = np.float32(_sift_numpy.CLIP)

#: Lines summed at once: four times eight orientations fill four vectors of eight.
LINES = 4


@inlined
def _weighted_sum(target, at, length, source, starts, weights):  # type: ignore[no-untyped-def]
    """target[at + n] = sum over t of weights[t] * source[starts[t] + n], for n below length."""
    at, length = np.uint64(at), np.uint64(length)
    taps = weights.size
    for n in range(length):
        target[at + n] = 0
    for t in range(0, taps - 7, 8):
        w0, w1, w2, w3 = weights[t], weights[t + 1], weights[t + 2], weights[t + 3]
        w4, w5, w6, w7 = weights[t + 4], weights[t + 5], weights[t + 6], weights[t + 7]
        s0, s1 = np.uint64(starts[t]), np.uint64(starts[t + 1])
        s2, s3 = np.uint64(starts[t + 2]), np.uint64(starts[t + 3])
        s4, s5 = np.uint64(starts[t + 4]), np.uint64(starts[t + 5])
        s6, s7 = np.uint64(starts[t + 6]), np.uint64(starts[t + 7])
        for n in range(length):
            a = w0 * source[s0 + n] + w1 * source[s1 + n]
            b = w2 * source[s2 + n] + w3 * source[s3 + n]
            c = w4 * source[s4 + n] + w5 * source[s5 + n]
            d = w6 * source[s6 + n] + w7 * source[s7 + n]
            target[at + n] += (a + b) + (c + d)
    for t in range(taps - taps % 8, taps - 3, 4):
        w0, w1, w2, w3 = weights[t], weights[t + 1], weights[t + 2], weights[t + 3]
        s0, s1 = np.uint64(starts[t]), np.uint64(starts[t + 1])
        s2, s3 = np.uint64(starts[t + 2]), np.uint64(starts[t + 3])
        for n in range(length):
            a = w0 * source[s0 + n] + w1 * source[s1 + n]
            b = w2 * source[s2 + n] + w3 * source[s3 + n]
            target[at + n] += a + b
    for t in range(taps - taps % 4, taps):
        w0, s0 = weights[t], np.uint64(starts[t])
        for n in range(length):
            target[at + n] += w0 * source[s0 + n]


@inlined
def _smooth(channel, taps):  # type: ignore[no-untyped-def]
    """Flat (h * w) smoothed channel; edges are replicated."""
    height, width = channel.shape
    radius = taps.size // 2
    flat = channel.ravel()
    out = np.empty(height * width, np.float32)
    line = np.empty(width + 2 * radius, np.float32)
    rows = np.empty(taps.size, np.int64)
    columns = np.arange(taps.size)
    for y in range(height):
        for t in range(taps.size):
            rows[t] = min(max(y + t - radius, 0), height - 1) * width
        _weighted_sum(line, radius, width, flat, rows, taps)
        for x in range(radius):
            line[x] = line[radius]
            line[radius + width + x] = line[radius + width - 1]
        _weighted_sum(out, y * width, width, line, columns, taps)
    return out


@inlined
def _polar(image, y, height, width, magnitude, angle):  # type: ignore[no-untyped-def]
    """Gradient of row y: magnitude, and angle in eighths of a turn, in [0, 8]."""
    up, down = max(y - 1, 0), min(y + 1, height - 1)
    here = image[y * width : (y + 1) * width]
    above = image[up * width : (up + 1) * width]
    below = image[down * width : (down + 1) * width]
    share = np.float32(1 / max(down - up, 1))
    for x in range(width - 2):
        magnitude[x + 1] = np.float32(0.5) * (here[x + 2] - here[x])
    magnitude[0] = here[min(1, width - 1)] - here[0]
    magnitude[width - 1] = here[width - 1] - here[max(width - 2, 0)]
    for x in range(width):
        dx, dy = magnitude[x], (below[x] - above[x]) * share
        longer, shorter = max(abs(dx), abs(dy)), min(abs(dx), abs(dy))
        slope = shorter / (longer + np.float32(1e-30))
        s = slope * slope
        # atan(slope) * 4 / pi on [0, 1]: minimax polynomial, off by at most 2.2e-6.
        a = np.float32(-0.148238752) + s * (np.float32(0.0670326312) - s * np.float32(0.0149212431))
        a = np.float32(-0.423508535) + s * (np.float32(0.246423242) + s * a)
        a = slope * (np.float32(1.27321054) + s * a)
        a = np.float32(2) - a if abs(dy) > abs(dx) else a
        a = np.float32(4) - a if dx < 0 else a
        angle[x] = np.float32(8) - a if dy < 0 else a
        magnitude[x] = np.sqrt(dx * dx + dy * dy)


@inlined
def _bins(image, height, width, down, along, order, step):  # type: ignore[no-untyped-def]
    """(lines down, lines along, 8), flat: summed votes of the bins where two lines cross."""
    magnitude, angle = np.empty(width, np.float32), np.empty(width, np.float32)
    votes = np.zeros(step * order.length * 8, np.float32)
    starts = 8 * order.starts
    taps, tops = down.weights.size, down.pixels
    length = 8 * along.pixels.size
    recent = np.empty(taps * length, np.float32)
    recent_starts = np.empty(taps, np.int64)
    out = np.zeros(tops.size * length, np.float32)
    for y in range(height):
        _polar(image, y, height, width, magnitude, angle)
        for phase in range(step):
            index = max(0, -((order.first + phase) // step))
            left = order.first + phase + index * step
            right = min(width, order.first + order.length * step)
            at = (phase * order.length + index) * 8
            for x in range(left, right, step):
                float8.vote(votes, at, magnitude[x], angle[x])
                at += 8
        at = (y % taps) * length
        for c in range(along.counts.size):
            _weighted_sum(recent, at, 8 * along.counts[c], votes, starts[c], along.weights)
            at += 8 * along.counts[c]
        for line in range(tops.size):
            top = max(tops[line], 0)
            if top <= y == min(tops[line] + taps, height) - 1:
                for row in range(top, y + 1):
                    recent_starts[row - top] = (row % taps) * length
                weights = down.weights[top - tops[line] : y + 1 - tops[line]]
                _weighted_sum(out, line * length, length, recent, recent_starts, weights)
    return out


@inlined
def _normalize(flat, at, min_sum, root):  # type: ignore[no-untyped-def]
    """Normalize 128 weighted sums to a descriptor, in place; see `_sift_numpy.normalize`.

    The clipped entries are computed twice rather than stored in between: LLVM would use masked
    stores of those that change, which are very slow on some processors.
    """
    at = np.uint64(at)
    total, square = np.float32(0), np.float32(0)
    for n in range(np.uint64(128)):
        total += flat[at + n]
        square += flat[at + n] * flat[at + n]
    limit = CLIP * np.sqrt(square)
    clipped_total, clipped_square = np.float32(0), np.float32(0)
    for n in range(np.uint64(128)):
        clipped = min(flat[at + n], limit)
        clipped_total += clipped
        clipped_square += clipped * clipped
    share = np.float32(0)
    if total >= min_sum and square > 0:
        share = np.float32(1) / (clipped_total if root else np.sqrt(clipped_square))
    if root:
        for n in range(np.uint64(128)):
            flat[at + n] = np.sqrt(min(flat[at + n], limit) * share)
    else:
        for n in range(np.uint64(128)):
            flat[at + n] = min(flat[at + n], limit) * share


@compiled
def _describe(channel, taps, down, along, order, step, counts, window, min_sum, root, out, column):  # type: ignore[no-untyped-def]
    """Loop of `describe`, with the grid in the layout of `_sift_layout`.

    `counts` are the (y, x) numbers of centers.
    """
    height, width = channel.shape
    bins = _bins(_smooth(channel, taps), height, width, down, along, order, step)
    weights, flat, at = window.ravel(), out.ravel(), column
    for i in range(counts[0]):
        for j in range(counts[1]):
            for k in range(16):
                line = (down.bins[k // 4] + i) * along.pixels.size + along.bins[k % 4] + j
                float8.scale(flat, at + 8 * k, bins, 8 * line, weights[k])
            _normalize(flat, at, min_sum, root)
            at += out.shape[1]


def describe(
    channel: np.ndarray,
    grid: SamplingGrid,
    taps: np.ndarray,
    window: np.ndarray,
    min_sum: float,
    root: bool,
    out: np.ndarray,
    column: int,
) -> None:
    """Write the descriptors of one color channel into out[:, column : column + 128].

    The arguments are those of `_sift_numpy.describe`; all arrays float32 and contiguous.
    """
    if len(grid):
        down = bin_lines(grid.y, grid.bin_size)
        along = bin_lines(grid.x, grid.bin_size, LINES)
        order = polyphase_order(grid.x, grid.bin_size, LINES)
        counts, least = (grid.y.count, grid.x.count), np.float32(min_sum)
        step = grid.x.step
        _describe(channel, taps, down, along, order, step, counts, window, least, root, out, column)
