"""Compiled loops over the posteriors of a Gaussian mixture, most of which are next to nothing.

Of 256 Gaussians some thirty share a descriptor; the others' posteriors are below 2e-6, less than
what float32 leaves uncertain in the log densities. A product of whole numbers tells which ones
could be more; what they are, the exponentials, and the sums weighted by posteriors then run over
the listed few.
"""

from functools import partial

import numpy as np

from strata._compiled import compiled, inlined
from strata._threads import in_threads
from strata.features._simd.candidates import TOGETHER, shortlist
from strata.features._simd.float8 import LANES_SET
from strata.features._simd.int16_gemm import ROWS, multiply, pairs_in
from strata.features._simd.int16_log_densities import whole_densities
from strata.features._simd.quadratic_forms import set_quadratics, table_of
from strata.features._simd.vectors import line_of_floats, on_a_line
from strata.features._simd.weighted_moments import add_weighted

Array = np.ndarray

_BLOCK = 60 * ROWS  # points whose log densities are held at a time
_PART = 8192  # points summed in float32 before they are added to the totals in float64
_LEAST = np.float32(13)  # posteriors below e^-13 = 2e-6 of a point's greatest are left out
_FARTHEST = np.float32(-20)  # log of the least share of the greatest that `_exp` takes
_NOTHING = np.finfo(np.float32).min  # log density where there is none: far below any other
_LOG2_E = np.float32(1.4426950408889634)


def posterior_sums(X: Array, shift: Array, density_map: Array) -> tuple[Array, float]:
    """Sums of posterior times [x, x^2, 1], with x = X - shift.

    Args:
        X: (n, d) float32.
        shift: (d,) float32.
        density_map: (2 d + 1, k) float32, so that [x, x^2, 1] density_map are the log joint
            densities.

    Returns:
        (k, 2 d + 1) float64 and the sum of log p(x).
    """
    d, k = X.shape[1], density_map.shape[1]
    weights, constants = np.ascontiguousarray(density_map[: 2 * d].T), density_map[2 * d].copy()
    sums = partial(
        _sums_of_part,
        shift=shift,
        weights=weights,
        sizes=np.abs(weights).max(axis=0),
        constants=constants,
        table=table_of(weights[:, :d], weights[:, d:]),
    )
    total, log_likelihood = np.zeros((k, 2 * d + 1)), 0.0
    parts = (X[start : start + _PART] for start in range(0, len(X), _PART))
    for found, likelihood in in_threads(sums, parts):
        total += found
        log_likelihood += likelihood
    return total, log_likelihood


def _sums_of_part(
    X: Array, shift: Array, weights: Array, sizes: Array, constants: Array, table: Array
) -> tuple[Array, float]:
    """The sums as (components, 2 d + 1) float32, of few points."""
    d, k = X.shape[1], len(weights)
    whole = whole_densities(X, shift, weights, sizes, constants)
    within = np.float32(float(_LEAST) * whole.per_nat + whole.uncertain)
    moments, mass = on_a_line(table.size), np.zeros(k, np.float32)
    log_likelihood = _add_sums(
        X,
        shift,
        whole.scale,
        whole.tiles,
        whole.start,
        within,
        table.ravel(),
        constants,
        LANES_SET,
        table.shape[2],
        moments,
        mass,
    )
    first, second = moments.reshape(table.shape)[:, :, :d].transpose(1, 0, 2)
    return np.hstack([first, second, mass[:, None]]), log_likelihood


@compiled
def _add_sums(
    X: Array,
    shift: Array,
    scale: Array,
    tiles: Array,
    start: Array,
    within: np.float32,
    table: Array,
    constants: Array,
    lanes: Array,
    length: int,
    moments: Array,
    mass: Array,
) -> float:
    """Add posterior times [x, x^2] to `moments` (k 2 d',), posteriors to `mass` (k,).

    What is given back is the sum of log p. The posteriors that count are listed component by
    component in `posteriors` and `points` (k block,), so that its sums stay in registers.
    """
    n, d = X.shape
    k, width, stride = len(mass), len(start), np.uint64(length)
    flat_x, flat_scores = line_of_floats(_BLOCK * length), line_of_floats(_BLOCK * width)
    x, scores = flat_x.reshape((_BLOCK, length)), flat_scores.reshape((_BLOCK, width))
    numbers = np.zeros((_BLOCK, 2 * pairs_in(2 * d)), np.int16)
    best, near = np.empty(TOGETHER, np.float32), np.empty(width + 8, np.int32)
    posteriors, points = np.empty(k * _BLOCK, np.float32), np.zeros(k * _BLOCK, np.int32)
    counts = np.empty(k, np.int32)
    some = np.empty(k + 8, np.float32)
    places, ends = np.empty(_BLOCK * k, np.int32), np.empty(_BLOCK, np.int64)
    log_likelihood = 0.0
    for first in range(0, n, _BLOCK):
        block = X[first : first + _BLOCK]
        _to_numbers(block, shift, scale, x, numbers)
        multiply(numbers.view(np.int32), tiles, start, scores)
        counts[:] = 0
        end = 0
        for i in range(len(block)):
            at = np.uint64(i * width)
            m = shortlist(flat_scores, at, width, k, within, best, near, lanes)
            for q in range(m):
                c = near[q]
                place = c * _BLOCK + counts[c]
                points[place] = i
                places[end + q] = place
                counts[c] += 1
            end += m
            ends[i] = end
        for c in range(k):
            at = np.uint64(c * _BLOCK)
            set_quadratics(
                flat_x, table, stride, np.uint64(c), constants[c], points, at, counts[c], posteriors
            )
        begin = 0
        for i in range(len(block)):
            log_likelihood += _to_shares(posteriors, places[begin : ends[i]], some)
            begin = ends[i]
        for c in range(k):
            at, to = np.uint64(c * _BLOCK), np.uint64(c) * np.uint64(2) * stride
            add_weighted(flat_x, stride, posteriors, points, at, counts[c], moments, to)
            sum_ = np.float32(0)
            for place in range(c * _BLOCK, c * _BLOCK + counts[c]):
                sum_ += posteriors[place]
            mass[c] += sum_
    return log_likelihood


@inlined
def _to_numbers(X: Array, shift: Array, scale: Array, x: Array, numbers: Array) -> None:
    """x = X - shift, and [x, x^2] scale as whole numbers; loops of one store become vectors."""
    n, d = X.shape
    for i in range(n):
        for j in range(d):
            x[i, j] = X[i, j] - shift[j]
        for j in range(d):
            numbers[i, j] = np.int16(np.int32(np.rint(x[i, j] * scale[j])))
        for j in range(d):
            square = x[i, j] * x[i, j]
            numbers[i, d + j] = np.int16(np.int32(np.rint(square * scale[d + j])))


@inlined
def _to_shares(values: Array, places: Array, some: Array) -> np.float32:
    """Log densities at those places become shares of the sum of densities, whose log is given back.

    Shares below e^-13 of the greatest become 0. `some` has room for all of them side by side, and
    up to a multiple of eight.
    """
    m = len(places)
    for q in range(m):
        some[q] = values[places[q]]
    top = np.float32(-np.inf)
    for q in range(m):
        top = max(top, some[q])
    whole = m + -m % 8  # the compiler's vectors have eight
    some[m:whole] = _NOTHING
    sum_ = np.float32(0)
    for q in range(whole):
        away = some[q] - top
        some[q] = _exp(max(away, _FARTHEST)) if away > -_LEAST else np.float32(0)
        sum_ += some[q]
    share = np.float32(1) / sum_
    for q in range(m):
        values[places[q]] = some[q] * share
    return np.log(sum_) + top


@inlined
def _exp(x: np.float32) -> np.float32:
    """e^x for -20 <= x <= 0 to float32 precision, in steps that the compiler can vectorize.

    2^t = 2^floor(t) times the Taylor series of 2^f in the fraction f, here around f = 1/2.
    """
    t = x * _LOG2_E
    whole = np.floor(t)
    u = (t - whole - np.float32(0.5)) * np.float32(0.6931471805599453)
    series = np.float32(1 / 720)
    for factor in (1 / 120, 1 / 24, 1 / 6, 1 / 2, 1.0, 1.0):
        series = series * u + np.float32(factor)
    power = np.int32((np.int32(whole) + np.int32(127)) << np.int32(23)).view(np.float32)
    return power * series * np.float32(1.4142135623730951)
