"""Dense SIFT: one descriptor at each point of regular grids, at several sizes.

Sources: Lowe, "Distinctive image features from scale-invariant keypoints" (IJCV 2004), for the
descriptor; VLFeat's `dsift` with a flat window and `phow` for the dense form; Arandjelovic and
Zisserman, "Three things everyone should know to improve object retrieval" (CVPR 2012), for
RootSIFT.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib import import_module

import numpy as np

from strata.errors import InputError, nearest
from strata.features.descriptors._sift_numpy import DIMENSIONS
from strata.features.descriptors.base import BaseDescriptor, check_image
from strata.features.descriptors.color_spaces import PLANES, planes
from strata.features.descriptors.local_descriptors import LocalDescriptors
from strata.features.descriptors.sampling_grid import SIDE, Grid, inner_grids, paper_grids

#: Blur that a photograph is taken to come with, in pixels (VLFeat's phow; Lowe section 3.3).
CAMERA_BLUR = 0.5

#: A bin of b pixels belongs to a keypoint of scale b / 6 in VLFeat's phow (its "magnification").
BINS_PER_SCALE = 6.0

#: Width of the Gaussian window over the support, in bins (VLFeat's default, and Lowe's).
WINDOW = 2.0

#: Ways to the same numbers: to 1e-4, before the root, where the contrast is 0.001 or more.
ENGINES = {
    "compiled": "strata.features.descriptors._sift_numba",
    "numpy": "strata.features.descriptors._sift_numpy",
    "torch": "strata.features.descriptors._sift_torch",
}


@lru_cache(maxsize=256)
def smoothing_taps(scale: float) -> np.ndarray:
    """Weights of a Gaussian that takes an image from camera blur to a scale, in pixels.

    The variance is scale^2 - 0.5^2; for scales up to 0.5, a single weight: no smoothing.
    """
    variance = scale**2 - CAMERA_BLUR**2
    if variance <= 0:
        return np.ones(1, np.float32)
    radius = int(np.ceil(4 * np.sqrt(variance)))
    taps = np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * variance))
    return (taps / taps.sum()).astype(np.float32)


@lru_cache(maxsize=256)
def window(bin_size: int) -> np.ndarray:
    """(4, 4) float32 weights of the spatial bins, mean 1: the Gaussian window made flat.

    Each bin gets the mean of the Gaussian over its pixels in place of a weight for each pixel,
    which is what lets all descriptors share their bins (VLFeat's flat window).
    """
    pixels = np.arange(1 - bin_size, bin_size)
    away = (pixels + bin_size * (np.arange(SIDE)[:, None] - (SIDE - 1) / 2)) / (WINDOW * bin_size)
    side = np.exp(-0.5 * away**2).mean(axis=1)
    weights = np.outer(side, side)
    return (weights / weights.mean()).astype(np.float32)


def dense_sift(
    image: np.ndarray,
    grids: Sequence[Grid],
    *,
    root: bool = True,
    contrast: float = 0.005,
    color: str = "gray",
    smoothing: bool | float = True,
    engine: str = "compiled",
) -> LocalDescriptors:
    """SIFT at every center of the grids, grid by grid, row by row; see `DenseSIFT`."""
    describe = _engine(engine)
    channels = planes(image, color)
    count = sum(len(grid) for grid in grids)
    out = np.empty((count, DIMENSIONS * len(channels)), np.float32)
    for number, plane in enumerate(channels):
        end = 0
        for grid in grids:
            start, end = end, end + len(grid)
            scale = grid.bin_size / BINS_PER_SCALE if smoothing is True else float(smoothing)
            taps, weights = smoothing_taps(scale), window(grid.bin_size)
            faintest = contrast * 255 * (SIDE * grid.bin_size) ** 2
            rows, column = out[start:end], DIMENSIONS * number
            describe(plane, grid, taps, weights, faintest, root, rows, column)
    positions, scales = _places(tuple(grids), image.shape[0], image.shape[1])
    return LocalDescriptors(out, positions.copy(), scales.copy())


def _engine(name: str) -> Callable[..., None]:
    if name not in ENGINES:
        raise InputError(f"No engine '{name}' for dense SIFT.", nearest(name, ENGINES))
    return import_module(ENGINES[name]).describe


@lru_cache(maxsize=8)
def _places(grids: tuple[Grid, ...], height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    scales = [np.full(len(grid), grid.bin_size, np.float32) for grid in grids]
    positions = [grid.positions(height, width) for grid in grids]
    return np.concatenate(positions), np.concatenate(scales)


def mirror_order(color: str = "gray") -> np.ndarray:
    """What becomes of a descriptor when the image is mirrored left to right: `x[mirror_order()]`.

    Columns change places, and the gradient's angle a becomes 180 degrees - a. (128 p,) int64 for
    p planes.
    """
    one = np.arange(DIMENSIONS).reshape(SIDE, SIDE, -1)
    turned = one[:, ::-1, (one.shape[2] // 2 - np.arange(one.shape[2])) % one.shape[2]].ravel()
    return np.concatenate([turned + DIMENSIONS * p for p in range(len(PLANES[color]))])


class DenseSIFT(BaseDescriptor):
    """SIFT on regular grids, one for each size, as VLFeat's phow with a flat window.

    For a bin size b, the image is smoothed to the scale b / 6; gradients vote, bilinearly in
    orientation and place, into 4 x 4 bins of b pixels with 8 orientations; the Gaussian window
    weighs whole bins. Each size has its own extent (`inner_grids`): 6,171 descriptors for
    256 x 256 pixels with the defaults. Images too small for a size have no rows of it.

    Args:
        step: pixels from one center to the next.
        bin_sizes: sides of a spatial bin, in pixels; a support is four bins wide.
        root: RootSIFT (entries are roots of an L1-normalized descriptor) instead of SIFT.
        contrast_threshold: mean gradient magnitude, in gray levels of [0, 1] a pixel, below which a
            descriptor is all zero (its row stays); 0 keeps every descriptor.
        color: "gray", "opponent" (intensity, red-green, yellow-blue) or "rgb"; the descriptors
            of the three planes stand side by side, 384 numbers.
        smoothing: True for the scale above; a number for that scale, in pixels, at every size;
            False to take the image as it is.
        engine: "compiled" (numba, the fast one on a CPU), "numpy", or "torch" (on a GPU where
            there is one); the same numbers, see `ENGINES`.
    """

    def __init__(
        self,
        step: int = 6,
        bin_sizes: tuple[int, ...] = (4, 6, 8, 12),
        root: bool = True,
        contrast_threshold: float = 0.005,
        color: str = "gray",
        smoothing: bool | float = True,
        engine: str = "compiled",
    ) -> None:
        self.step = step
        self.bin_sizes = bin_sizes
        self.root = root
        self.contrast_threshold = contrast_threshold
        self.color = color
        self.smoothing = smoothing
        self.engine = engine

    def describe(self, image: np.ndarray) -> LocalDescriptors:
        """The descriptors of one image, by size, then from top to bottom, left to right.

        Args:
            image: uint8, (H, W, 3) RGB or (H, W) gray.

        Raises:
            InputError: the image is of another type or shape, or a parameter is out of range.
        """
        check_image(image)
        if self.step < 1 or min(self.bin_sizes, default=0) < 1:
            raise InputError(
                f"Dense SIFT needs a step and bins of at least one pixel, "
                f"not step {self.step} and bins {tuple(self.bin_sizes)}."
            )
        grids = inner_grids(image.shape[0], image.shape[1], self.step, tuple(self.bin_sizes))
        return dense_sift(
            image,
            grids,
            root=self.root,
            contrast=self.contrast_threshold,
            color=self.color,
            smoothing=self.smoothing,
            engine=self.engine,
        )


class PaperDenseSIFT(BaseDescriptor):
    """The dense SIFT of arXiv:2105.04895: few large supports, laid from pixel 0 on.

    `paper_grids` with SIFT as OpenCV computes it there: smoothed to a scale of 1.6 pixels
    whatever the size, not rooted, every descriptor kept; nothing outside the image counts.

    Args:
        step_div: the step is the image's side divided by this, at least 8 pixels.
        n_sizes: number of grids; the n-th has n times the step and the support.
    """

    def __init__(self, step_div: int = 20, n_sizes: int = 1) -> None:
        self.step_div = step_div
        self.n_sizes = n_sizes

    def describe(self, image: np.ndarray) -> LocalDescriptors:
        """The descriptors of one image, by size, then from top to bottom, left to right.

        Raises:
            InputError: `image` is not uint8 of shape (H, W, 3) or (H, W), or a parameter below 1.
        """
        check_image(image)
        if min(self.step_div, self.n_sizes) < 1:
            raise InputError("The divisor of the step and the number of sizes start at one.")
        grids = paper_grids(image.shape[0], image.shape[1], self.step_div, self.n_sizes)
        return dense_sift(image, grids, root=False, contrast=0, smoothing=1.6)
