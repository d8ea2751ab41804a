"""Image registration of thumbnails: match pictures up to a small shift and stretch.

The motion is estimated by Gauss-Newton steps on band-pass filtered thumbnails (Lucas and Kanade,
"An iterative image registration technique", 1981; symmetric gradients as in Benhimane and Malis,
"Real-time image-based tracking of planes using efficient second-order minimization", 2004). After
registration the details must correlate, also when they are double-centered, that is, without
everything constant along rows or along columns: skies, horizons and vignettes are alike in
unrelated pictures.
"""

import functools

import numpy as np

from strata.pipeline.data.fingerprint import THUMBNAIL

#: Least correlation of the details of matching pictures, and of their double-centered details.
MIN_CORRELATION, MIN_CORRELATION_2D = 0.95, 0.85
#: Largest shift, and largest stretch over the whole side, as fractions of the side.
MAX_SHIFT, MAX_STRETCH = 0.1, 0.2

#: Correlations below which a pair is rejected, before the first step and after each: for copies
#: they rise fast.
_FLOORS = (0.1, 0.4, 0.75, 0.88, 0.9)

#: Pixel positions, and the same centered and scaled to -1/2..1/2.
_PIXELS = np.arange(THUMBNAIL, dtype=np.float32)
_CENTERED = (_PIXELS - (THUMBNAIL - 1) / 2) / THUMBNAIL
_LARGEST_MOTION = THUMBNAIL * np.array([MAX_SHIFT, MAX_SHIFT, MAX_STRETCH, MAX_STRETCH])

Array = np.ndarray


def band_pass(thumbnails: Array, fine: float = 0.6, coarse: float = 4.0) -> Array:
    """Band-pass filter thumbnails by a difference of Gaussians; float32 (n, side, side).

    Args:
        thumbnails: uint8 (n, side, side).
        fine: standard deviation in pixels of the Gaussian that removes noise.
        coarse: standard deviation in pixels of the Gaussian subtracted as the low frequencies.
    """
    sharp, slow = _gaussian(fine), _gaussian(coarse)
    values = thumbnails.astype(np.float32)
    return sharp @ values @ sharp.T - slow @ values @ slow.T


@functools.cache
def _gaussian(sigma: float) -> Array:
    """Return Gaussian smoothing as a matrix (side, side), weights renormalized at the border."""
    at = np.arange(THUMBNAIL)
    weights = np.exp(-0.5 * ((at - at[:, None]) / sigma) ** 2)
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def differences(first: Array, second: Array, enough: Array | float = 1.0) -> Array:
    """Measure by how much pairs of thumbnails differ after registration.

    Args:
        first: uint8 (pairs, side, side).
        second: the same shape.
        enough: the registration of a pair ends at this difference or below.

    Returns:
        float32 (pairs,): 0 for equal thumbnails, at most 1 for one picture up to a small shift and
        stretch (see `_difference`). Pairs that cannot be one picture are given up early: theirs is
        an upper bound, above 1.
    """
    source, target = band_pass(first), band_pass(second)
    # (dx, dy, growth of the width, growth of the height), in pixels
    motion = np.zeros((len(source), 4), np.float32)
    least = np.full(len(source), np.inf, np.float32)
    enough = np.broadcast_to(np.asarray(enough, np.float32), least.shape)
    left = np.arange(len(source))
    for floor in _FLOORS:
        moved, inside = _warped(source, motion)
        difference, correlation = _difference(moved, target, inside)
        difference[(np.abs(motion) > _LARGEST_MOTION).any(1)] = np.inf
        least[left] = np.minimum(least[left], difference)
        going_on = (correlation >= floor) & (least[left] > enough[left])
        if not going_on.any():
            break
        left, source, target = left[going_on], source[going_on], target[going_on]
        motion = motion[going_on] + _gauss_newton_step(moved[going_on], target, inside[going_on])
        np.clip(motion, -THUMBNAIL / 4, THUMBNAIL / 4, out=motion)  # keep an overlap
    return least


def unregistered_differences(first: Array, second: Array) -> Array:
    """Measure by how much pairs of thumbnails differ as they are; float32 (pairs,)."""
    source, target = band_pass(first), band_pass(second)
    return _difference(source, target, np.ones_like(source), limit=np.inf)[0]


def _warped(pictures: Array, motion: Array) -> tuple[Array, Array]:
    """Warp pictures bilinearly; also return a mask, 1 where the source was inside."""
    weights, seen = [], []
    for axis in (0, 1):
        source = _PIXELS + motion[:, axis, None] + motion[:, axis + 2, None] * _CENTERED
        seen.append((source >= 0) & (source <= THUMBNAIL - 1))
        source = np.clip(source, 0, THUMBNAIL - 1)
        weights.append(np.maximum(0, 1 - np.abs(source[:, :, None] - _PIXELS)))
    across, down = weights
    inside = seen[1][:, :, None] & seen[0][:, None, :]
    return down @ pictures @ across.transpose(0, 2, 1), inside.astype(np.float32)


def _difference(
    first: Array, second: Array, inside: Array, *, limit: float = 1.0
) -> tuple[Array, Array]:
    """Return the differences of pairs within the mask, and the correlations of their details.

    The difference is 1 where the details correlate by `MIN_CORRELATION`, or the double-centered
    details by `MIN_CORRELATION_2D`, whichever agrees less, and falls to 0 in proportion as they
    rise to 1. The second is computed only where the first leaves the difference within `limit`.
    """
    count = inside.sum((1, 2), keepdims=True)
    centered = [
        (x - (x * inside).sum((1, 2), keepdims=True) / count) * inside for x in (first, second)
    ]
    correlation = _cosine(*centered)
    difference = (1 - correlation) / (1 - MIN_CORRELATION)
    near = difference <= limit
    if near.any():
        reduced = [double_centered(x[near], inside[near]) for x in centered]
        second_difference = (1 - _cosine(*reduced)) / (1 - MIN_CORRELATION_2D)
        difference[near] = np.maximum(difference[near], second_difference)
    return difference, correlation


def _cosine(first: Array, second: Array) -> Array:
    """Cosine similarity of each pair of pictures, (pairs,)."""
    products = [
        np.einsum("pij,pij->p", a, b)
        for a, b in ((first, second), (first, first), (second, second))
    ]
    return products[0] / np.sqrt(products[1] * products[2] + 1e-6)


def double_centered(pictures: Array, inside: Array) -> Array:
    """Double-center pictures: subtract row means and column means, add the overall mean.

    This removes everything that is a function of the row plus a function of the column.

    Args:
        pictures: (n, side, side).
        inside: mask, 1 on a rectangle of each picture and 0 elsewhere; means are over the mask.
    """
    pictures = pictures * inside
    rows, columns = inside.max(2).sum(1), inside.max(1).sum(1)
    of_row = pictures.sum(2, keepdims=True) / columns[:, None, None]
    of_column = pictures.sum(1, keepdims=True) / rows[:, None, None]
    of_all = pictures.sum((1, 2), keepdims=True) / (rows * columns)[:, None, None]
    return (pictures - of_row - of_column + of_all) * inside


def _gauss_newton_step(moved: Array, target: Array, inside: Array) -> Array:
    """Solve for the motion (pairs, 4) that brings pictures closer to their targets, to first order.

    Least squares for target = gain * moved + offset + gradient * motion, with a small ridge.
    """
    down, across = np.gradient((moved + target) / 2, axis=(1, 2))
    terms = np.empty((len(moved), 6, *moved.shape[1:]), np.float32)
    np.multiply(across, inside, out=terms[:, 0])
    np.multiply(down, inside, out=terms[:, 1])
    np.multiply(terms[:, 0], _CENTERED, out=terms[:, 2])
    np.multiply(terms[:, 1], _CENTERED[:, None], out=terms[:, 3])
    np.multiply(moved, inside, out=terms[:, 4])
    terms[:, 5] = inside
    terms = terms.reshape(len(moved), 6, -1)
    wanted = (target * inside).reshape(len(moved), -1, 1)
    normal = terms @ terms.transpose(0, 2, 1) + 0.1 * np.eye(6, dtype=np.float32)
    found = np.linalg.solve(normal, terms @ wanted)[:, :, 0]
    gain = np.clip(found[:, 4:5], 0.5, 2)
    return found[:, :4] / gain
