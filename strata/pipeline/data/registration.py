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


def same_picture(first: Array, second: Array) -> Array:
    """Test pairs of thumbnails for showing one picture, up to a small shift and stretch.

    Args:
        first: uint8 (pairs, side, side).
        second: the same shape.

    Returns:
        bool (pairs,), true for a match.
    """
    source, target = band_pass(first), band_pass(second)
    # (dx, dy, growth of the width, growth of the height), in pixels
    motion = np.zeros((len(source), 4), np.float32)
    same = np.zeros(len(source), bool)
    undecided = np.arange(len(source))
    for floor in _FLOORS:
        moved, inside = _warped(source, motion)
        found, correlation = _correlated(moved, target, inside)
        found &= (np.abs(motion) <= _LARGEST_MOTION).all(1)
        same[undecided[found]] = True
        left = (correlation >= floor) & ~found
        if not left.any():
            break
        undecided, source, target = undecided[left], source[left], target[left]
        motion = motion[left] + _gauss_newton_step(moved[left], target, inside[left])
        np.clip(motion, -THUMBNAIL / 4, THUMBNAIL / 4, out=motion)  # keep an overlap
    return same


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


def _correlated(first: Array, second: Array, inside: Array) -> tuple[Array, Array]:
    """Test pairs for sufficient correlation within the mask; also return the correlations."""
    count = inside.sum((1, 2), keepdims=True)
    centered = [
        (x - (x * inside).sum((1, 2), keepdims=True) / count) * inside for x in (first, second)
    ]
    correlation = _cosine(*centered)
    found = correlation >= MIN_CORRELATION
    if found.any():
        reduced = [double_centered(x[found], inside[found]) for x in centered]
        found[found] = _cosine(*reduced) >= MIN_CORRELATION_2D
    return found, correlation


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
