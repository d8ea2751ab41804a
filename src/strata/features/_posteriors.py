"""Compiled loops over the posteriors of a Gaussian mixture, most of which are next to nothing.

Of 256 Gaussians some fifteen share a descriptor; the others' posteriors are below 2e-6, less than
what float32 leaves uncertain in the log densities. A product of whole numbers tells which ones
could be more; what they are, the exponentials, and the sums weighted by posteriors then run over
the listed few.
"""

from functools import partial

import numpy as np

from strata._compiled import compiled, inlined
from strata._threads import in_threads
from strata.features._integer_product import ROWS, multiply, pairs_in
from strata.features._octets import LANES_SET
from strata.features._quadratics import add_quadratics, table_of
from strata.features._shortlist import TOGETHER, shortlist
from strata.features._whole_densities import whole_densities

Array = np.ndarray

_BLOCK = 42 * ROWS  # points whose log densities are held at a time
_PART = 8192  # points summed in float32 before they are added to the totals in float64
_LEAST = np.float32(13)  # posteriors below e^-13 = 2e-6 of a point's greatest are left out
_FARTHEST = np.float32(-20)  # log of the least share of the greatest that `_exp` takes
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
    whole = whole_densities(X, shift, weights, sizes, constants)
    within = np.float32(float(_LEAST) * whole.per_nat + whole.uncertain)
    total = np.zeros((len(weights), weights.shape[1] + 1), np.float32)
    log_likelihood = _add_sums(
        X, shift, whole.scale, whole.tiles, whole.start, within, table, constants, LANES_SET, total
    )
    return total, log_likelihood


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
    total: Array,
) -> float:
    """Add posterior times [x, x^2, 1] to `total` (k, 2 d + 1); give back the sum of log p.

    The posteriors that count are listed component by component in `posteriors` and `points`
    (k, block), so that a component's sums are loaded and stored once for four points.
    """
    n, d = X.shape
    k, width = len(total), len(start)
    x = np.zeros((_BLOCK, table.shape[2]), np.float32)
    numbers = np.zeros((_BLOCK, 2 * pairs_in(2 * d)), np.int16)
    scores = np.empty((_BLOCK, width), np.float32)
    flat_x, flat_scores = x.ravel(), scores.ravel()
    best, near = np.empty(TOGETHER, np.float32), np.empty(width + 8, np.int32)
    values = np.empty(width + 8, np.float32)
    posteriors, points = np.empty((k, _BLOCK), np.float32), np.empty((k, _BLOCK), np.int32)
    counts = np.empty(k, np.int32)
    log_likelihood = 0.0
    for first in range(0, n, _BLOCK):
        block = X[first : first + _BLOCK]
        _to_numbers(block, shift, scale, x, numbers)
        multiply(numbers.view(np.int32), tiles, start, scores)
        counts[:] = 0
        for i in range(len(block)):
            at = np.uint64(i * width)
            m = shortlist(flat_scores, at, width, within, best, near, lanes)
            while m > 0 and near[m - 1] >= k:  # not there: no density says anything
                m -= 1
            near[m : m + 3] = 0
            for q in range(m):
                values[q] = constants[near[q]]
            add_quadratics(flat_x, i * x.shape[1], table, near, m, values)
            log_likelihood += _to_shares(values, m)
            for q in range(m):
                c = near[q]
                place = counts[c]
                posteriors[c, place] = values[q]
                points[c, place] = i
                counts[c] = place + np.int32(values[q] > 0)
        for c in range(k):
            _add_weighted(x, posteriors[c, : counts[c]], points[c, : counts[c]], total[c])
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
def _to_shares(values: Array, m: int) -> np.float32:
    """m log densities become their shares of the sum of densities, whose log is given back.

    Shares below e^-13 of the greatest become 0.
    """
    top = np.float32(-np.inf)
    for q in range(m):
        top = max(top, values[q])
    sum_ = np.float32(0)
    for q in range(m):
        away = values[q] - top
        values[q] = _exp(max(away, _FARTHEST)) if away > -_LEAST else np.float32(0)
        sum_ += values[q]
    share = np.float32(1) / sum_
    for q in range(m):
        values[q] *= share
    return np.log(sum_) + top


@inlined
def _add_weighted(x: Array, weights: Array, rows: Array, total: Array) -> None:
    """Add the sum of weights times [x, x^2, 1] of the rows to `total`, four rows at a time.

    x^2 is squared again rather than read: to read is what takes the time.
    """
    n, d = len(weights), len(total) // 2
    first, second, mass = total[:d], total[d : 2 * d], np.float32(0)
    for q in range(0, n - 3, 4):
        a, b, c, e = weights[q], weights[q + 1], weights[q + 2], weights[q + 3]
        A, B, C, E = x[rows[q]], x[rows[q + 1]], x[rows[q + 2]], x[rows[q + 3]]
        mass += (a + b) + (c + e)
        for j in range(d):
            p, r, s, t = a * A[j], b * B[j], c * C[j], e * E[j]
            first[j] += (p + r) + (s + t)
            second[j] += (p * A[j] + r * B[j]) + (s * C[j] + t * E[j])
    for q in range(n - n % 4, n):
        a, A = weights[q], x[rows[q]]
        mass += a
        for j in range(d):
            p = a * A[j]
            first[j] += p
            second[j] += p * A[j]
    total[2 * d] += mass


@inlined
def _exp(x: np.float32) -> np.float32:
    """e^x for -20 <= x <= 0 to float32 precision, in steps that the compiler can vectorise.

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
