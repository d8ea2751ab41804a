"""Local color statistics: mean and standard deviation of colors in cells around each point.

Clinchant, Csurka, Perronnin and Renders, "XRCE's participation to ImagEval" (2007); used beside
SIFT by Perronnin, Sanchez and Mensink (ECCV 2010). Here in opponent colors.
"""

import cv2
import numpy as np

from strata.errors import InputError
from strata.features.descriptors.base import BaseDescriptor, check_image
from strata.features.descriptors.color_spaces import color_channels
from strata.features.descriptors.local_descriptors import LocalDescriptors
from strata.features.descriptors.sampling_grid import SIDE, SamplingGrid, inner_grids
from strata.parameter_types import PositiveInt, PositiveInts

#: Length of a descriptor: two numbers for each of three channels in each of 4 x 4 cells.
DIMENSIONS = 2 * 3 * SIDE * SIDE


def mirror_order() -> np.ndarray:
    """Permutation that mirrors descriptors left to right: `x[mirror_order()]`; (96,) int64.

    Columns of cells change places.
    """
    return np.arange(DIMENSIONS).reshape(SIDE, SIDE, -1)[:, ::-1].ravel()


class ColorStatistics(BaseDescriptor):
    """Mean and standard deviation of opponent colors in 4 x 4 cells, on regular grids.

    The grids are those of `DenseSIFT`. Beyond the border the image is continued by reflection.

    Args:
        step: pixels from one center to the next.
        cell_sizes: sides of a cell in pixels, one grid each; a support is four cells wide.

    Examples:
        >>> import numpy as np
        >>> from strata.features import ColorStatistics
        >>> image = np.full((40, 40, 3), 128, np.uint8)
        >>> (local,) = ColorStatistics(cell_sizes=(4,)).transform([image])
        >>> local.descriptors.shape
        (16, 96)
    """

    def __init__(self, step: PositiveInt = 8, cell_sizes: PositiveInts = (4, 6, 8)) -> None:
        self.step = step
        self.cell_sizes = cell_sizes

    def describe(self, image: np.ndarray) -> LocalDescriptors:
        """(n, 96) descriptors of one image, by size, then row by row.

        Cell by cell, row by row: the means of intensity (in [0, 1]), red-green and yellow-blue
        (around 0), then their standard deviations. Images too small for a size have no rows of it.

        Args:
            image: uint8, (H, W, 3) RGB or (H, W) gray.

        Raises:
            InputError: the image is of another type or shape, or a parameter is below 1.
        """
        check_image(image)
        if self.step < 1 or min(self.cell_sizes, default=0) < 1:
            raise InputError(
                f"Color statistics need a step and cells of at least one pixel, "
                f"not step {self.step} and cells {tuple(self.cell_sizes)}."
            )
        height, width = image.shape[:2]
        colors = np.moveaxis(color_channels(image, "opponent"), 0, 2) / np.float32(255)
        grids = inner_grids(height, width, self.step, tuple(self.cell_sizes))
        return LocalDescriptors(
            np.concatenate([_statistics(colors, grid) for grid in grids]),
            np.concatenate([grid.positions(height, width) for grid in grids]),
            np.concatenate([np.full(len(grid), grid.bin_size, np.float32) for grid in grids]),
        )


def box_taps(side: int) -> np.ndarray:
    """Odd number of weights, float32, of the mean over `side` pixels around a pixel's center.

    An even side covers half of the outermost pixels; without halves it would lie half a pixel to
    the left, and a mirrored image would have other statistics.
    """
    taps = np.ones(side + 1 - side % 2, np.float32)
    if side % 2 == 0:
        taps[[0, -1]] = 0.5
    return taps / side


def _statistics(colors: np.ndarray, grid: SamplingGrid) -> np.ndarray:
    """(n, 96) float32 descriptors of (H, W, 3) channels at the grid's centers."""
    if not len(grid):
        return np.zeros((0, DIMENSIONS), np.float32)
    taps = box_taps(grid.bin_size)
    mean, square = (
        cv2.sepFilter2D(values, cv2.CV_32F, taps, taps, borderType=cv2.BORDER_REFLECT)
        for values in (colors, colors * colors)
    )
    deviation = np.sqrt(np.maximum(square - mean * mean, 0))
    down, along = (axis.bin_centers(grid.bin_size).astype(np.intp) for axis in (grid.y, grid.x))
    both = np.concatenate([mean, deviation], axis=2)
    picked = both[down[:, None, :, None], along[None, :, None, :]]
    return np.ascontiguousarray(picked.reshape(-1, DIMENSIONS), np.float32)
