"""Log densities of diagonal Gaussians as an int16 matrix product, scaled to a given set of points.

With z = [x, x^2], log density c of a point is constant[c] + z . weights[c]. Scaled and rounded,

    log density * per_nat  ~  bias[c] + round(z * scale) . round(weights[c] * per_nat / scale)

and rounding adds an error whose standard deviation is known; six of them are `rounding_margin`.
"""

from typing import NamedTuple

import numpy as np

from strata._compiled import compiled
from strata.features._simd.candidates import CHUNK, PADDING_SCORE
from strata.features._simd.int16_gemm import pack_tiles

Array = np.ndarray

_MAX_SUM = 2**30.5  # magnitude of a sum, of the 31 bits that int32 has
_MAX_FACTOR = 32_000  # magnitude of a factor, of the 15 bits that int16 has
_ROUNDING = 12**-0.5  # standard deviation of the error of rounding to an integer
_DEVIATIONS = 6
_FLOAT_ERROR = 256  # above the float32 rounding of two sums and of one's difference to a number
_MIN_CONSTANT = 1e-6  # nats; stands in for constants that are all zero


class Int16LogDensities(NamedTuple):
    """Operands of `int16_gemm.multiply` whose product is the log densities, in units.

    Attributes:
        scale: (2 d,) float32, factor of [x, x^2] before it is rounded.
        tiles: the rounded weights of [x, x^2], see `int16_gemm.pack_tiles`.
        bias: (k and padding,) int32, the scaled constants; padding has the least number.
        per_nat: units in a nat.
        rounding_margin: six standard deviations of the rounding error of a difference of two log
            densities, in units; above the float32 rounding error in any case.
    """

    scale: Array
    tiles: Array
    bias: Array
    per_nat: float
    rounding_margin: float


def int16_log_densities(
    X: Array, shift: Array, weights: Array, max_weights: Array, constants: Array
) -> Int16LogDensities:
    """Choose the scales for the points X - shift and round the weights.

    A nat has as many units as the greatest sum and the greatest product allow. Each dimension's
    scale is chosen so that points and weights suffer the same relative rounding.

    Args:
        X: (n, d) float32.
        shift: (d,) float32.
        weights: (k, 2 d) float32, of [x, x^2] in each log density.
        max_weights: (2 d,) float32, greatest magnitude in each column of `weights`.
        constants: (k,) float32, of each log density.
    """
    k = len(weights)
    max_points, max_sum = _magnitudes(X, shift, max_weights)
    products = max_points.astype(np.float64) * max_weights
    max_product = max(float(products.max()), 1e-30)
    max_sum += max(float(np.abs(constants).max()), _MIN_CONSTANT)
    per_nat = min(_MAX_SUM / max_sum, _MAX_FACTOR**2 / max_product)
    factors = np.sqrt(per_nat * products)
    used = factors > 0
    scale = np.divide(factors, max_points, out=np.zeros_like(factors), where=used)
    inverse = np.divide(per_nat, scale, out=np.zeros_like(factors), where=used).astype(np.float32)
    scaled = weights * inverse
    bias = np.full(k + -k % CHUNK, PADDING_SCORE, np.int32)
    bias[:k] = np.rint(constants * per_nat)
    squares = np.einsum("ij,ij->i", scaled, scaled).max() + (factors**2).sum()
    margin = max(float(_DEVIATIONS * _ROUNDING * np.sqrt(2 * squares)), _FLOAT_ERROR)
    tiles = pack_tiles(scaled, CHUNK)
    return Int16LogDensities(scale.astype(np.float32), tiles, bias, per_nat, margin)


@compiled
def _magnitudes(X: Array, shift: Array, max_weights: Array) -> tuple[Array, float]:
    """Greatest magnitude of each of [x, x^2], and of a point's sum of absolute products."""
    n, d = X.shape
    max_points = np.zeros(2 * d, np.float32)
    x = np.empty(d, np.float32)
    max_sum = np.float32(0)
    for i in range(n):
        for j in range(d):
            x[j] = abs(X[i, j] - shift[j])
        for j in range(d):
            max_points[j] = max(max_points[j], x[j])
        sum_ = np.float32(0)
        for j in range(d):
            sum_ += x[j] * (max_weights[j] + max_weights[d + j] * x[j])
        max_sum = max(max_sum, sum_)
    max_points[d:] = max_points[:d] ** 2
    return max_points, float(max_sum)
