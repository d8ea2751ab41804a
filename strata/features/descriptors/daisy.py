"""DAISY on a grid or at SIFT keypoints, through scikit-image.

Source: Tola, Lepetit, Fua, "DAISY: an efficient dense descriptor applied to wide-baseline
stereo", PAMI 2010.
"""

from collections.abc import Iterator

import numpy as np

from strata.errors import InputError
from strata.features.descriptors.base import BaseDescriptor
from strata.features.descriptors.local_descriptors import LocalDescriptors
from strata.features.descriptors.sampling_grid import Axis, grid_positions
from strata.features.descriptors.sparse_sift import keypoint_positions, sift_keypoints, to_gray
from strata.parameter_types import PositiveInt

#: Numbers of descriptors computed at a time, in float64: half a gigabyte. scikit-image computes a
#: descriptor at every pixel, whatever the step: 1.6 gigabytes for a megapixel.
MAX_NUMBERS = 2**26

#: Least number of pixel rows at a time: the rows around each strip are smoothed twice.
MIN_ROWS = 64


def _n_dims(rings: int, histograms: int, orientations: int) -> int:
    """Length of a descriptor."""
    return (rings * histograms + 1) * orientations


def _daisy_strips(
    gray: np.ndarray, step: int, radius: int, rings: int, histograms: int, orientations: int
) -> Iterator[np.ndarray]:
    """Yield descriptors at radius, radius + step, ..., (rows, columns, d), some rows at a time.

    A single empty array where none fits. The numbers equal those of the whole image at once.
    """
    if min(step, radius, rings, histograms, orientations) < 1:
        raise InputError(
            "DAISY's step, radius, rings, histograms and orientations must be at least 1."
        )
    if min(gray.shape) <= 2 * radius:
        yield np.zeros((0, 0, _n_dims(rings, histograms, orientations)), np.float32)
        return
    from skimage.feature import daisy

    count = (gray.shape[0] - 2 * radius - 1) // step + 1
    reach = _reach(radius, rings)
    margin = -(-reach // step)
    affordable = MAX_NUMBERS // (gray.shape[1] * _n_dims(rings, histograms, orientations))
    each = max((max(affordable, MIN_ROWS) - 2 * reach) // step, -(-MIN_ROWS // step))
    for start in range(0, count, each):
        before, stop = min(start, margin), min(start + each, count)
        top, bottom = (start - before) * step, (stop - 1) * step + 2 * radius + 1
        strip = gray[top : bottom + margin * step]
        rows = slice(before, before + stop - start)
        yield daisy(strip, step, radius, rings, histograms, orientations)[rows].astype(np.float32)


def _reach(radius: int, rings: int) -> int:
    """Pixels beyond its circle of sampling points that a descriptor may depend on, at most."""
    sigmas = radius * np.arange(1, rings + 2) / (2 * rings)
    increments = np.sqrt(np.diff(np.square([0, *sigmas])))  # scikit-image smooths step by step
    return int(sum(4 * increments + 1)) + 1


class DenseDAISY(BaseDescriptor):
    """DAISY on a regular grid, wherever its circle of sampling points fits into the image.

    Args:
        step: pixels from one center to the next.
        radius: radius of the outermost ring, in pixels.
        rings: number of rings around the central histogram.
        histograms: histograms on each ring.
        orientations: entries of each histogram.
    """

    def __init__(
        self,
        step: PositiveInt = 8,
        radius: PositiveInt = 15,
        rings: PositiveInt = 3,
        histograms: PositiveInt = 8,
        orientations: PositiveInt = 8,
    ) -> None:
        self.step = step
        self.radius = radius
        self.rings = rings
        self.histograms = histograms
        self.orientations = orientations

    def describe(self, image: np.ndarray) -> LocalDescriptors:
        """(n, (rings * histograms + 1) * orientations) descriptors of one image, row by row.

        Each sums to one. Scales are the distance between rings.

        Raises:
            InputError: `image` is not uint8 of shape (H, W, 3) or (H, W), or a parameter below 1.
        """
        gray = to_gray(image)
        shape = self.rings, self.histograms, self.orientations
        grid = np.concatenate(list(_daisy_strips(gray, self.step, self.radius, *shape)))
        y, x = (Axis(self.radius, self.step, count) for count in grid.shape[:2])
        rows = grid.reshape(-1, _n_dims(*shape))
        positions = grid_positions(y, x, *gray.shape)
        scales = np.full(len(rows), self.radius / self.rings, np.float32)
        return LocalDescriptors(rows, positions, scales)


class SparseDAISY(BaseDescriptor):
    """DAISY at the SIFT keypoints that lie at least its radius inside the image.

    Upright and of one size, so several keypoints at one point count once. Computed at every pixel
    and picked: it takes the time of a grid of step 1, whatever the number of keypoints.

    Args:
        n_keypoints: number of SIFT keypoints, at most, before those near the border are dropped;
            the strongest are taken.
        radius: radius of the outermost ring, in pixels.
        rings: number of rings around the central histogram.
        histograms: histograms on each ring.
        orientations: entries of each histogram.
    """

    def __init__(
        self,
        n_keypoints: PositiveInt = 300,
        radius: PositiveInt = 15,
        rings: PositiveInt = 3,
        histograms: PositiveInt = 8,
        orientations: PositiveInt = 8,
    ) -> None:
        self.n_keypoints = n_keypoints
        self.radius = radius
        self.rings = rings
        self.histograms = histograms
        self.orientations = orientations

    def describe(self, image: np.ndarray) -> LocalDescriptors:
        """Descriptors of one image, strongest keypoint first; see `DenseDAISY.describe`."""
        gray = to_gray(image)
        shape = self.rings, self.histograms, self.orientations
        keypoints, _ = sift_keypoints(gray, self.n_keypoints)
        keypoints = list({keypoint.pt: keypoint for keypoint in keypoints}.values())
        pixels = np.rint([k.pt for k in keypoints]).astype(int).reshape(-1, 2) - self.radius
        room = np.array(gray.shape[::-1]) - 2 * self.radius
        inside = np.all((pixels >= 0) & (pixels < room), axis=1)
        kept = [keypoint for keypoint, keep in zip(keypoints, inside, strict=True) if keep]
        x, y = pixels[inside].T
        rows = np.empty((len(kept), _n_dims(*shape)), np.float32)
        top = 0
        for strip in _daisy_strips(gray, 1, self.radius, *shape):
            here = (y >= top) & (y < top + len(strip))
            rows[here] = strip[y[here] - top, x[here]]
            top += len(strip)
        scales = np.full(len(rows), self.radius / self.rings, np.float32)
        return LocalDescriptors(rows, keypoint_positions(kept, gray.shape), scales)
