"""Compiled loops over the posteriors of a Gaussian mixture, most of which are next to nothing.

Of 256 Gaussians some fifteen share a descriptor; the others' posteriors are below 2e-6, less than
what float32 leaves uncertain in the log densities. One matrix product yields the log densities. The
exponentials, and the sums weighted by posteriors that would be a second product of the same size,
then run over the listed few.
"""

from functools import partial

import numpy as np

from strata._compiled import compiled, inlined
from strata._threads import in_threads
from strata.features import _octets

Array = np.ndarray

_BLOCK = 256  # points whose log densities are held at a time
_PART = 32 * _BLOCK  # points summed in float32 before they are added to the totals in float64
_LEAST = np.float32(13)  # posteriors below e^-13 = 2e-6 of a point's greatest are left out
_NEXT = np.float32(6.1e-8)  # share of a number that leads to the next lesser float32
_LOG2_E = np.float32(1.4426950408889634)
_TOGETHER = 32  # log densities compared at a time: four vectors of eight
_NONE = -1e30  # log density of a component that is not there


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
    k = density_map.shape[1]
    total, log_likelihood = np.zeros((k, 2 * X.shape[1] + 1)), 0.0
    parts = (X[start : start + _PART] for start in range(0, len(X), _PART))
    sums = partial(_sums_of_part, shift=shift, density_map=_widened(density_map), components=k)
    for found, likelihood in in_threads(sums, parts):
        total += found
        log_likelihood += likelihood
    return total, log_likelihood


def _sums_of_part(
    X: Array, shift: Array, density_map: Array, components: int
) -> tuple[Array, float]:
    """The sums as (components, 2 d + 1) float32, of few points."""
    d, k = X.shape[1], components
    z = np.ones((_BLOCK, 2 * d + 1), np.float32)
    logits = np.empty((_BLOCK, density_map.shape[1]), np.float32)
    lists = np.empty((k, _BLOCK), np.float32), np.empty((k, _BLOCK), np.int32)
    total, log_likelihood = np.zeros((k, 2 * d + 1), np.float32), 0.0
    for start in range(0, len(X), _BLOCK):
        block = X[start : start + _BLOCK]
        b = len(block)
        _expand(block, shift, z)
        np.matmul(z[:b], density_map, out=logits[:b])
        log_likelihood += _accumulate(logits[:b], z, *lists, _octets.LANES_SET, total)
    return total, log_likelihood


def _widened(density_map: Array) -> Array:
    """With columns of components that are nowhere, up to a multiple of `_TOGETHER`."""
    rows, k = density_map.shape
    if k % _TOGETHER == 0:
        return density_map
    wide = np.zeros((rows, k + -k % _TOGETHER), np.float32)
    wide[:, :k] = density_map
    wide[-1, k:] = _NONE
    return wide


@compiled
def _expand(X: Array, shift: Array, z: Array) -> None:
    """The first columns of z become [x, x^2] with x = X - shift."""
    n, d = X.shape
    for i in range(n):
        for j in range(d):
            x = X[i, j] - shift[j]
            z[i, j] = x
            z[i, d + j] = x * x


@compiled
def _accumulate(
    logits: Array, z: Array, posteriors: Array, points: Array, lanes: Array, total: Array
) -> float:
    """Add posterior times z to `total` (k, 2 d + 1); give back the sum of log p.

    The posteriors that count are listed component by component in `posteriors` and `points`
    (k, block), so that a component's sums are loaded and stored once for four points.
    """
    rows, width = logits.shape
    flat = logits.ravel()
    counts = np.zeros(len(total), np.int32)
    near = np.empty(width + 8, np.int32)
    values = np.empty(width, np.float32)
    best = np.empty(_TOGETHER, np.float32)
    log_likelihood = 0.0
    for i in range(rows):
        at = np.uint64(i * width)
        top = _greatest(flat, at, width, best)
        least = top - max(_LEAST, abs(top) * _NEXT)  # an outlier's top - 13 may well be top
        m = np.uint64(0)
        for c in range(0, width, 8):
            first = np.uint64(c)
            m = _octets.list_above(flat, at + first, least, near, m, first, lanes)
        while m > 0 and near[m - 1] >= len(total):  # not there: no density says anything
            m -= np.uint64(1)
        sum_ = np.float32(0)
        for q in range(m):
            values[q] = flat[at + np.uint64(near[q])] - top
        for q in range(m):
            values[q] = _exp(values[q])
            sum_ += values[q]
        log_likelihood += np.log(sum_) + top
        share = np.float32(1) / sum_
        for q in range(m):
            c = near[q]
            n = counts[c]
            posteriors[c, n] = values[q] * share
            points[c, n] = i
            counts[c] = n + 1
    for c in range(len(total)):
        _add_weighted(z, posteriors[c, : counts[c]], points[c, : counts[c]], total[c])
    return log_likelihood


@inlined
def _greatest(flat: Array, at: np.uint64, width: int, best: Array) -> np.float32:
    """The greatest of flat[at : at + width]; width is a multiple of `_TOGETHER`."""
    for c in range(_TOGETHER):
        best[c] = flat[at + np.uint64(c)]
    for c in range(_TOGETHER, width, _TOGETHER):
        for lane in range(0, _TOGETHER, 8):
            _octets.raise_to(best, np.uint64(lane), flat, at + np.uint64(c + lane))
    for half in (16, 8):
        for lane in range(0, half, 8):
            _octets.raise_to(best, np.uint64(lane), best, np.uint64(half + lane))
    top = best[0]
    for lane in range(8):
        top = max(top, best[lane])
    return top


@inlined
def _add_weighted(z: Array, weights: Array, rows: Array, total: Array) -> None:
    """Add the sum of weights times z[rows] to `total`, four rows at a time.

    Of [x, x^2, 1] only x is read, and squared again: to read is what takes the time.
    """
    n, d = len(weights), z.shape[1] // 2
    first, second, mass = total[:d], total[d : 2 * d], np.float32(0)
    for q in range(0, n - 3, 4):
        a, b, c, e = weights[q], weights[q + 1], weights[q + 2], weights[q + 3]
        A, B, C, E = z[rows[q]], z[rows[q + 1]], z[rows[q + 2]], z[rows[q + 3]]
        mass += (a + b) + (c + e)
        for j in range(d):
            p, r, s, t = a * A[j], b * B[j], c * C[j], e * E[j]
            first[j] += (p + r) + (s + t)
            second[j] += (p * A[j] + r * B[j]) + (s * C[j] + t * E[j])
    for q in range(n - n % 4, n):
        a, A = weights[q], z[rows[q]]
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
