"""DAISY, on a grid or at SIFT keypoints, through scikit-image.

Source: Tola, Lepetit, Fua, "DAISY: an efficient dense descriptor applied to wide-baseline
stereo", PAMI 2010.
"""

from collections.abc import Iterator

import numpy as np

from strata.errors import InputError
from strata.features.descriptors.base import BaseDescriptor
from strata.features.descriptors.local_descriptors import LocalDescriptors
from strata.features.descriptors.sampling_grid import Axis, crossings
from strata.features.descriptors.sparse_sift import gray, places, sift_keypoints

#: Numbers of descriptors computed at a time, in float64: half a gigabyte. scikit-image
#: makes a descriptor at every pixel, whatever the step: 1.6 gigabytes for a megapixel.
AT_ONCE = 2**26

#: Rows of pixels at a time, at least: those above and below are smoothed once more.
LEAST_ROWS = 64


def _dimensions(rings: int, histograms: int, orientations: int) -> int:
    return (rings * histograms + 1) * orientations


def _daisy(
    plane: np.ndarray, step: int, radius: int, rings: int, histograms: int, orientations: int
) -> Iterator[np.ndarray]:
    """(rows, columns, d) descriptors at radius, radius + step, ... , some rows of them at a time.

    A single empty array where none fits. The same numbers as of the whole plane at once.
    """
    if min(step, radius, rings, histograms, orientations) < 1:
        raise InputError("DAISY's step, radius, rings, histograms and orientations start at one.")
    if min(plane.shape) <= 2 * radius:
        yield np.zeros((0, 0, _dimensions(rings, histograms, orientations)), np.float32)
        return
    from skimage.feature import daisy

    count = (plane.shape[0] - 2 * radius - 1) // step + 1
    margin = -(-_reach(radius, rings) // step)
    taken = AT_ONCE // (plane.shape[1] * _dimensions(rings, histograms, orientations))
    each = max((max(taken, LEAST_ROWS) - 2 * _reach(radius, rings)) // step, -(-LEAST_ROWS // step))
    for start in range(0, count, each):
        before, stop = min(start, margin), min(start + each, count)
        top, bottom = (start - before) * step, (stop - 1) * step + 2 * radius + 1
        part = plane[top : bottom + margin * step]
        rows = slice(before, before + stop - start)
        yield daisy(part, step, radius, rings, histograms, orientations)[rows].astype(np.float32)


def _reach(radius: int, rings: int) -> int:
    """How many pixels beyond its circle of sampling points a descriptor may depend on."""
    sigmas = radius * np.arange(1, rings + 2) / (2 * rings)
    apart = np.sqrt(np.diff(np.square([0, *sigmas])))  # of one smoothing after another
    return int(sum(4 * apart + 1)) + 1


class DenseDAISY(BaseDescriptor):
    """DAISY on a regular grid, wherever its circle of sampling points fits into the image.

    Args:
        step: pixels from one center to the next.
        radius: of the outermost ring, in pixels.
        rings, histograms, orientations: rings, histograms on each, entries of each.
    """

    def __init__(
        self,
        step: int = 8,
        radius: int = 15,
        rings: int = 3,
        histograms: int = 8,
        orientations: int = 8,
    ) -> None:
        self.step = step
        self.radius = radius
        self.rings = rings
        self.histograms = histograms
        self.orientations = orientations

    def describe(self, image: np.ndarray) -> LocalDescriptors:
        """The (n, (rings * histograms + 1) * orientations) descriptors, row by row.

        They sum to one. Scales are the distance of the rings.

        Raises:
            InputError: `image` is not uint8 of shape (H, W, 3) or (H, W), or a parameter below 1.
        """
        plane = gray(image)
        shape = self.rings, self.histograms, self.orientations
        found = np.concatenate(list(_daisy(plane, self.step, self.radius, *shape)))
        y, x = (Axis(self.radius, self.step, count) for count in found.shape[:2])
        rows = found.reshape(-1, _dimensions(*shape))
        positions = crossings(y, x, *plane.shape)
        scales = np.full(len(rows), self.radius / self.rings, np.float32)
        return LocalDescriptors(rows, positions, scales)


class SparseDAISY(BaseDescriptor):
    """DAISY at the SIFT keypoints that lie at least its radius inside the image.

    One size and upright, so a place with keypoints of several sizes or angles counts once.
    Computed at every pixel and picked: the time of a grid of step 1, whatever the number of
    keypoints.

    Args:
        n_keypoints: at most this many SIFT keypoints, the strongest, before the margin is cut.
        radius, rings, histograms, orientations: as of `DenseDAISY`.
    """

    def __init__(
        self,
        n_keypoints: int = 300,
        radius: int = 15,
        rings: int = 3,
        histograms: int = 8,
        orientations: int = 8,
    ) -> None:
        self.n_keypoints = n_keypoints
        self.radius = radius
        self.rings = rings
        self.histograms = histograms
        self.orientations = orientations

    def describe(self, image: np.ndarray) -> LocalDescriptors:
        """The descriptors of one image, strongest keypoint first; see `DenseDAISY.describe`."""
        plane = gray(image)
        shape = self.rings, self.histograms, self.orientations
        found, _ = sift_keypoints(plane, self.n_keypoints)
        found = list({keypoint.pt: keypoint for keypoint in found}.values())
        at = np.rint([k.pt for k in found]).astype(int).reshape(-1, 2) - self.radius
        room = np.array(plane.shape[::-1]) - 2 * self.radius
        inside = np.all((at >= 0) & (at < room), axis=1)
        kept = [keypoint for keypoint, keep in zip(found, inside, strict=True) if keep]
        x, y = at[inside].T
        rows = np.empty((len(kept), _dimensions(*shape)), np.float32)
        top = 0
        for part in _daisy(plane, 1, self.radius, *shape):
            here = (y >= top) & (y < top + len(part))
            rows[here] = part[y[here] - top, x[here]]
            top += len(part)
        scales = np.full(len(rows), self.radius / self.rings, np.float32)
        return LocalDescriptors(rows, places(kept, plane.shape), scales)
