"""Dense SIFT: one descriptor at each point of regular grids, at several sizes.

Sources: Lowe, "Distinctive image features from scale-invariant keypoints" (IJCV 2004), for the
descriptor; VLFeat's `dsift` with a flat window and `phow` for the dense form; Arandjelovic and
Zisserman, "Three things everyone should know to improve object retrieval" (CVPR 2012), for
RootSIFT.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Literal, get_args

import numpy as np

from strata._compiled import KERNELS
from strata.errors import InputError, nearest
from strata.features.descriptors import _sift_numpy
from strata.features.descriptors._sift_numpy import DIMENSIONS
from strata.features.descriptors.base import BaseDescriptor, check_image
from strata.features.descriptors.color_spaces import COLOR_SPACES, ColorSpace, color_channels
from strata.features.descriptors.local_descriptors import LocalDescriptors
from strata.features.descriptors.sampling_grid import (
    SIDE,
    SamplingGrid,
    inner_grids,
    paper_grids,
)
from strata.parameter_types import NonNegativeFloat, PositiveInt, PositiveInts

#: Implementations: entries agree to 1e-4, before the root, where the mean gradient is 0.001 or
#: more. "compiled" is numba's, and the NumPy one with STRATA_KERNELS=numpy.
Engine = Literal["compiled", "numpy", "torch"]

#: Blur that a photograph is assumed to have, in pixels (VLFeat's phow; Lowe section 3.3).
CAMERA_BLUR = 0.5

#: A bin of b pixels belongs to a keypoint of scale b / 6 in VLFeat's phow (its "magnification").
BINS_PER_SCALE = 6.0

#: Standard deviation of the Gaussian window over the support, in bins (VLFeat's and Lowe's).
WINDOW = 2.0


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
    """(4, 4) float32 weights of the spatial bins, mean 1: VLFeat's flat window.

    Each bin has the mean of the Gaussian window over its pixels in place of a weight for each
    pixel, which lets all descriptors share their bins.
    """
    pixels = np.arange(1 - bin_size, bin_size)
    away = (pixels + bin_size * (np.arange(SIDE)[:, None] - (SIDE - 1) / 2)) / (WINDOW * bin_size)
    side = np.exp(-0.5 * away**2).mean(axis=1)
    weights = np.outer(side, side)
    return (weights / weights.mean()).astype(np.float32)


def dense_sift(
    image: np.ndarray,
    grids: Sequence[SamplingGrid],
    *,
    root: bool = True,
    contrast_threshold: float = 0.005,
    color: ColorSpace = "gray",
    smoothing: bool | float = True,
    engine: Engine = "compiled",
) -> LocalDescriptors:
    """SIFT at every center of the grids, grid by grid, row by row; see `DenseSIFT`."""
    describe = _engine(engine)
    channels = color_channels(image, color)
    count = sum(len(grid) for grid in grids)
    out = np.empty((count, DIMENSIONS * len(channels)), np.float32)
    for number, channel in enumerate(channels):
        end = 0
        for grid in grids:
            start, end = end, end + len(grid)
            scale = grid.bin_size / BINS_PER_SCALE if smoothing is True else float(smoothing)
            taps, weights = smoothing_taps(scale), window(grid.bin_size)
            min_sum = contrast_threshold * 255 * (SIDE * grid.bin_size) ** 2
            rows, column = out[start:end], DIMENSIONS * number
            describe(channel, grid, taps, weights, min_sum, root, rows, column)
    positions, scales = _positions_and_scales(tuple(grids), image.shape[0], image.shape[1])
    return LocalDescriptors(out, positions.copy(), scales.copy())


def _engine(name: Engine) -> Callable[..., None]:
    """The function `describe` of an engine; numba and torch are imported when asked for."""
    match name:
        case "compiled" if KERNELS == "numba":
            from strata.features.descriptors import _sift_numba

            return _sift_numba.describe
        case "compiled" | "numpy":
            return _sift_numpy.describe
        case "torch":
            from strata.features.descriptors import _sift_torch

            return _sift_torch.describe
    raise InputError(
        f"There is no engine '{name}' for dense SIFT.", nearest(str(name), get_args(Engine))
    )


@lru_cache(maxsize=8)
def _positions_and_scales(
    grids: tuple[SamplingGrid, ...], height: int, width: int
) -> tuple[np.ndarray, np.ndarray]:
    scales = [np.full(len(grid), grid.bin_size, np.float32) for grid in grids]
    positions = [grid.positions(height, width) for grid in grids]
    return np.concatenate(positions), np.concatenate(scales)


def mirror_order(color: ColorSpace = "gray") -> np.ndarray:
    """Permutation that mirrors descriptors left to right: `x[mirror_order()]`.

    Columns of bins change places, and the gradient's angle a becomes 180 degrees - a. (128 c,)
    int64 for c channels.
    """
    one = np.arange(DIMENSIONS).reshape(SIDE, SIDE, -1)
    mirrored = one[:, ::-1, (one.shape[2] // 2 - np.arange(one.shape[2])) % one.shape[2]].ravel()
    return np.concatenate([mirrored + DIMENSIONS * c for c in range(len(COLOR_SPACES[color]))])


class DenseSIFT(BaseDescriptor):
    """SIFT on regular grids, one for each size, as VLFeat's phow with a flat window.

    For a bin size b, the image is smoothed to the scale b / 6; gradients vote, with linear
    interpolation in orientation and position, into 4 x 4 bins of b pixels with 8 orientations; the
    Gaussian window weighs whole bins. Each size has its own extent (`inner_grids`): 6,171
    descriptors for 256 x 256 pixels with the defaults. Images too small for a size have no rows
    of it.

    Args:
        step: pixels from one center to the next.
        bin_sizes: sides of a spatial bin in pixels, one grid each; a support is four bins wide.
        root: RootSIFT (square roots of an L1-normalized descriptor) instead of SIFT.
        contrast_threshold: mean gradient magnitude per pixel, in gray levels of [0, 1], below which
            a descriptor is all zero (its row stays); 0 keeps every descriptor.
        color: "gray", "opponent" (intensity, red-green, yellow-blue) or "rgb"; the descriptors
            of the three channels are concatenated, 384 numbers.
        smoothing: True smooths to the scale b / 6; a number is that scale, in pixels, for every
            size; False leaves the image as it is.
        engine: "compiled" (numba, the fast one on a CPU), "numpy", or "torch" (on a GPU where
            there is one); they agree to 1e-4.

    Examples:
        >>> import numpy as np
        >>> from strata.features import DenseSIFT
        >>> image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
        >>> (local,) = DenseSIFT(step=8, bin_sizes=(4, 8)).transform([image])
        >>> local.descriptors.shape, local.positions.shape
        ((74, 128), (74, 2))
    """

    def __init__(
        self,
        step: PositiveInt = 6,
        bin_sizes: PositiveInts = (4, 6, 8, 12),
        root: bool = True,
        contrast_threshold: NonNegativeFloat = 0.005,
        color: ColorSpace = "gray",
        smoothing: bool | float = True,
        engine: Engine = "compiled",
    ) -> None:
        self.step = step
        self.bin_sizes = bin_sizes
        self.root = root
        self.contrast_threshold = contrast_threshold
        self.color = color
        self.smoothing = smoothing
        self.engine = engine

    def describe(self, image: np.ndarray) -> LocalDescriptors:
        """Descriptors of one image, by size, then from top to bottom, left to right.

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
            contrast_threshold=self.contrast_threshold,
            color=self.color,
            smoothing=self.smoothing,
            engine=self.engine,
        )


class PaperDenseSIFT(BaseDescriptor):
    """Dense SIFT of arXiv:2105.04895: few large supports, laid from pixel 0 on.

    `paper_grids` with SIFT as OpenCV computes it there: smoothed to a scale of 1.6 pixels for
    every size, plain SIFT, every descriptor kept; pixels outside the image count nothing.

    Args:
        step_div: divisor of the image's side that gives the step, at least 8 pixels.
        n_sizes: number of grids; the n-th has n times the step and the support.
    """

    def __init__(self, step_div: PositiveInt = 20, n_sizes: PositiveInt = 1) -> None:
        self.step_div = step_div
        self.n_sizes = n_sizes

    def describe(self, image: np.ndarray) -> LocalDescriptors:
        """Descriptors of one image, by size, then from top to bottom, left to right.

        Raises:
            InputError: `image` is not uint8 of shape (H, W, 3) or (H, W), or a parameter below 1.
        """
        check_image(image)
        if min(self.step_div, self.n_sizes) < 1:
            raise InputError(
                "The paper's dense SIFT needs step_div and n_sizes of at least 1, not "
                f"{self.step_div} and {self.n_sizes}."
            )
        grids = paper_grids(image.shape[0], image.shape[1], self.step_div, self.n_sizes)
        return dense_sift(image, grids, root=False, contrast_threshold=0, smoothing=1.6)
