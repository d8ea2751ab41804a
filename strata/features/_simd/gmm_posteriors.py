"""Sums of posterior times [x, x^2, 1] under a diagonal Gaussian mixture, over its candidates only.

The E step of EM and nearly all the work of a Fisher vector. With posteriors g,

    log p(x)   = log sum_k exp(constant_k + [x, x^2] . weights_k)
    total_k    = sum_i g_ik [x_i, x_i^2, 1]

Of 256 Gaussians some thirty share a descriptor; the others' posteriors are below 2e-6, less than
float32 leaves uncertain in the log densities. An int16 product finds the Gaussians that may exceed
that (`int16_log_densities`); their log densities in float32, the exponentials and the weighted
sums run over these candidates alone.
"""

from functools import partial

import numpy as np

from strata._compiled import compiled, inlined
from strata._threads import in_threads
from strata.features._simd.candidates import CHUNK, list_candidates
from strata.features._simd.float8 import SET_BITS
from strata.features._simd.int16_gemm import ROWS, multiply, n_pairs
from strata.features._simd.int16_log_densities import int16_log_densities
from strata.features._simd.quadratic_forms import evaluate_quadratics, pack_coefficients
from strata.features._simd.vectors import aligned_zeros, inlined_aligned_zeros
from strata.features._simd.weighted_moments import add_weighted_moments

Array = np.ndarray

_BLOCK = 60 * ROWS  # points whose log densities are held at a time
_PART = 8192  # points summed in float32 before they are added to the totals in float64
_CUTOFF = np.float32(13)  # posteriors below e^-13 = 2e-6 of a point's greatest are left out
_MIN_EXPONENT = np.float32(-20)  # least argument of `_exp`
_NO_DENSITY = np.finfo(np.float32).min  # log density of padding: far below any other
_LOG2_E = np.float32(1.4426950408889634)


def posterior_sums(X: Array, shift: Array, density_map: Array) -> tuple[Array, float]:
    """Sums of posterior times [x, x^2, 1], with x = X - shift.

    Args:
        X: (n, d) float32.
        shift: (d,) float32.
        density_map: (2 d + 1, k) float32; [x, x^2, 1] @ density_map are the log joint densities.

    Returns:
        (k, 2 d + 1) float64 and the sum of log p(x).
    """
    d, k = X.shape[1], density_map.shape[1]
    weights, constants = np.ascontiguousarray(density_map[: 2 * d].T), density_map[2 * d].copy()
    sums = partial(
        _sums_of_part,
        shift=shift,
        weights=weights,
        max_weights=np.abs(weights).max(axis=0),
        constants=constants,
        coefficients=pack_coefficients(weights[:, :d], weights[:, d:]),
    )
    total, log_likelihood = np.zeros((k, 2 * d + 1)), 0.0
    parts = (X[start : start + _PART] for start in range(0, len(X), _PART))
    for part_total, part_likelihood in in_threads(sums, parts):
        total += part_total
        log_likelihood += part_likelihood
    return total, log_likelihood


def _sums_of_part(
    X: Array,
    shift: Array,
    weights: Array,
    max_weights: Array,
    constants: Array,
    coefficients: Array,
) -> tuple[Array, float]:
    """The sums (k, 2 d + 1) float32 and the log-likelihood of at most _PART points."""
    d, k = X.shape[1], len(weights)
    densities = int16_log_densities(X, shift, weights, max_weights, constants)
    margin = np.float32(float(_CUTOFF) * densities.per_nat + densities.rounding_margin)
    moments, mass = aligned_zeros(coefficients.size), np.zeros(k, np.float32)
    log_likelihood = _add_sums(
        X,
        shift,
        densities.scale,
        densities.tiles,
        densities.bias,
        margin,
        coefficients.ravel(),
        constants,
        SET_BITS,
        coefficients.shape[2],
        moments,
        mass,
    )
    first, second = moments.reshape(coefficients.shape)[:, :, :d].transpose(1, 0, 2)
    return np.hstack([first, second, mass[:, None]]), log_likelihood


@compiled
def _add_sums(
    X: Array,
    shift: Array,
    scale: Array,
    tiles: Array,
    bias: Array,
    margin: np.float32,
    coefficients: Array,
    constants: Array,
    set_bits: Array,
    padded_d: int,
    moments: Array,
    mass: Array,
) -> float:
    """Add posterior times [x, x^2] to `moments` (k 2 d',), posteriors to `mass` (k,).

    Returns the sum of log p. Candidates are listed component by component in `posteriors` and
    `points` (k * block,), so that a component's sums stay in registers; `places` and `ends` list,
    point by point, where its candidates lie there.
    """
    n, d = X.shape
    k, width, stride = len(mass), len(bias), np.uint64(padded_d)
    flat_x = inlined_aligned_zeros(_BLOCK * padded_d)
    flat_scores = inlined_aligned_zeros(_BLOCK * width)
    x, scores = flat_x.reshape((_BLOCK, padded_d)), flat_scores.reshape((_BLOCK, width))
    integers = np.zeros((_BLOCK, 2 * n_pairs(2 * d)), np.int16)
    scratch, candidates = np.empty(CHUNK, np.float32), np.empty(width + 8, np.int32)
    posteriors, points = np.empty(k * _BLOCK, np.float32), np.zeros(k * _BLOCK, np.int32)
    counts = np.empty(k, np.int32)
    of_point = np.empty(k + 8, np.float32)
    places, ends = np.empty(_BLOCK * k, np.int32), np.empty(_BLOCK, np.int64)
    log_likelihood = 0.0
    for first in range(0, n, _BLOCK):
        block = X[first : first + _BLOCK]
        _to_int16(block, shift, scale, x, integers)
        multiply(integers.view(np.int32), tiles, bias, scores)
        counts[:] = 0
        end = 0
        for i in range(len(block)):
            at = np.uint64(i * width)
            m = list_candidates(flat_scores, at, width, k, margin, scratch, candidates, set_bits)
            for q in range(m):
                c = candidates[q]
                place = c * _BLOCK + counts[c]
                points[place] = i
                places[end + q] = place
                counts[c] += 1
            end += m
            ends[i] = end
        for c in range(k):
            at, n_points = np.uint64(c * _BLOCK), counts[c]
            evaluate_quadratics(
                flat_x,
                coefficients,
                stride,
                np.uint64(c),
                constants[c],
                points,
                at,
                n_points,
                posteriors,
            )
        begin = 0
        for i in range(len(block)):
            log_likelihood += _normalize(posteriors, places[begin : ends[i]], of_point)
            begin = ends[i]
        for c in range(k):
            at, to = np.uint64(c * _BLOCK), np.uint64(c) * np.uint64(2) * stride
            add_weighted_moments(flat_x, stride, posteriors, points, at, counts[c], moments, to)
            sum_ = np.float32(0)
            for place in range(c * _BLOCK, c * _BLOCK + counts[c]):
                sum_ += posteriors[place]
            mass[c] += sum_
    return log_likelihood


@inlined
def _to_int16(X: Array, shift: Array, scale: Array, x: Array, integers: Array) -> None:
    """x = X - shift and integers = round([x, x^2] * scale); loops with one store vectorize."""
    n, d = X.shape
    for i in range(n):
        for j in range(d):
            x[i, j] = X[i, j] - shift[j]
        for j in range(d):
            integers[i, j] = np.int16(np.int32(np.rint(x[i, j] * scale[j])))
        for j in range(d):
            square = x[i, j] * x[i, j]
            integers[i, d + j] = np.int16(np.int32(np.rint(square * scale[d + j])))


@inlined
def _normalize(values: Array, places: Array, scratch: Array) -> np.float32:
    """Softmax, in place, of the log densities at `places`; returns their log-sum-exp.

    Posteriors below e^-13 of the greatest become 0. `scratch` holds len(places) numbers, rounded up
    to a multiple of eight.
    """
    m = len(places)
    for q in range(m):
        scratch[q] = values[places[q]]
    top = np.float32(-np.inf)
    for q in range(m):
        top = max(top, scratch[q])
    padded = m + -m % 8  # the compiler's vectors have eight
    scratch[m:padded] = _NO_DENSITY
    sum_ = np.float32(0)
    for q in range(padded):
        away = scratch[q] - top
        scratch[q] = _exp(max(away, _MIN_EXPONENT)) if away > -_CUTOFF else np.float32(0)
        sum_ += scratch[q]
    inverse = np.float32(1) / sum_
    for q in range(m):
        values[places[q]] = scratch[q] * inverse
    return np.log(sum_) + top


@inlined
def _exp(x: np.float32) -> np.float32:
    """e^x for -20 <= x <= 0 to float32 precision, in operations that the compiler can vectorize.

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
