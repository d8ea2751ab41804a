"""Log densities of Gaussians as products of 16-bit whole numbers, for a given set of points."""

from typing import NamedTuple

import numpy as np

from strata._compiled import compiled
from strata.features._simd.candidates import NONE, TOGETHER
from strata.features._simd.int16_gemm import in_tiles

Array = np.ndarray

_SUM = 2**30.5  # greatest size of a sum, of the 31 bits that there are
_FACTOR = 32_000  # greatest size of a factor, of 15 bits
_ROUNDING = 12**-0.5  # standard deviation of what rounding adds to a number
_DEVIATIONS = 6
_FLOATS = 256  # more than float32 rounds off two sums and the difference of one and a number
_LEAST = 1e-6  # nats that the constants are taken for where they are nothing


class WholeDensities(NamedTuple):
    """Log densities are start + [x, x^2] scale times the columns of tiles, in units.

    Attributes:
        scale: (2 d,) float32, what [x, x^2] is multiplied by and then rounded.
        tiles: the weights of [x, x^2], see `strata.features._simd.int16_gemm.in_tiles`.
        start: (components or some more,) int32; the least number for those that are not there.
        per_nat: how many units a nat has.
        uncertain: six standard deviations of the rounding of a difference of two log densities, in
            units; more than float32 rounds off in any case.
    """

    scale: Array
    tiles: Array
    start: Array
    per_nat: float
    uncertain: float


def whole_densities(
    X: Array, shift: Array, weights: Array, sizes: Array, constants: Array
) -> WholeDensities:
    """Scales that suit the points X (n, d), less `shift`.

    A nat has as many units as the greatest sum and the greatest product allow. Each dimension's
    scale is chosen so that numbers and weights are rounded alike.

    Args:
        X: float32.
        shift: (d,) float32.
        weights: (k, 2 d) float32 of [x, x^2] in each log density.
        sizes: (2 d,) float32, the greatest size of each column of weights.
        constants: (k,) float32, of each log density.
    """
    k = len(weights)
    extents, most = _extents(X, shift, sizes)
    products = extents.astype(np.float64) * sizes
    greatest = max(float(products.max()), 1e-30)
    most += max(float(np.abs(constants).max()), _LEAST)
    per_nat = min(_SUM / most, _FACTOR**2 / greatest)
    factors = np.sqrt(per_nat * products)
    used = factors > 0
    scale = np.divide(factors, extents, out=np.zeros_like(factors), where=used)
    back = np.divide(per_nat, scale, out=np.zeros_like(factors), where=used).astype(np.float32)
    whole = weights * back
    start = np.full(k + -k % TOGETHER, NONE, np.int32)
    start[:k] = np.rint(constants * per_nat)
    squares = np.einsum("ij,ij->i", whole, whole).max() + (factors**2).sum()
    uncertain = max(float(_DEVIATIONS * _ROUNDING * np.sqrt(2 * squares)), _FLOATS)
    tiles = in_tiles(whole, TOGETHER)
    return WholeDensities(scale.astype(np.float32), tiles, start, per_nat, uncertain)


@compiled
def _extents(X: Array, shift: Array, sizes: Array) -> tuple[Array, float]:
    """The greatest size of each of [x, x^2], and of a point's sum of sizes of products."""
    n, d = X.shape
    extents = np.zeros(2 * d, np.float32)
    x = np.empty(d, np.float32)
    most = np.float32(0)
    for i in range(n):
        for j in range(d):
            x[j] = abs(X[i, j] - shift[j])
        for j in range(d):
            extents[j] = max(extents[j], x[j])
        sum_ = np.float32(0)
        for j in range(d):
            sum_ += x[j] * (sizes[j] + sizes[d + j] * x[j])
        most = max(most, sum_)
    extents[d:] = extents[:d] ** 2
    return extents, float(most)
