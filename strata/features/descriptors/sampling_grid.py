"""Sampling grids of dense descriptors: regular grids of centers, one for each support size."""

from dataclasses import dataclass

import numpy as np

#: Spatial bins along each side of a SIFT support.
SIDE = 4


@dataclass(frozen=True)
class Axis:
    """Centers along one side of an image: first, first + step, ... (count of them), in pixels.

    Pixel i has its center at coordinate i, so a center may be an integer or a half-integer.
    """

    first: float
    step: int
    count: int

    @property
    def centers(self) -> np.ndarray:
        """(count,) float64, in pixels."""
        return self.first + self.step * np.arange(self.count)

    def bin_centers(self, bin_size: int) -> np.ndarray:
        """(count, 4) float64: centers of the four spatial bins around each center."""
        return self.centers[:, None] + bin_size * (np.arange(SIDE) - (SIDE - 1) / 2)


@dataclass(frozen=True)
class SamplingGrid:
    """All centers for one bin size: every y with every x, row by row.

    Attributes:
        bin_size: side of one of the 4 x 4 spatial bins, in pixels.
        y, x: the centers along the image's height and width.
    """

    bin_size: int
    y: Axis
    x: Axis

    def __len__(self) -> int:
        return self.y.count * self.x.count

    def positions(self, height: int, width: int) -> np.ndarray:
        """(n, 2) float32: centers as (x, y) in units of the image's sides, in [0, 1]."""
        return grid_positions(self.y, self.x, height, width)


def grid_positions(y: Axis, x: Axis, height: int, width: int) -> np.ndarray:
    """(n, 2) float32: every y with every x, row by row, as (x, y) in units of the sides."""
    down, along = (y.centers + 0.5) / height, (x.centers + 0.5) / width
    return np.stack(np.meshgrid(along, down), axis=-1).reshape(-1, 2).astype(np.float32)


def inner_grids(
    height: int, width: int, step: int, bin_sizes: tuple[int, ...]
) -> list[SamplingGrid]:
    """Grids whose spatial bins all have their centers inside the image, as in VLFeat's phow.

    The margin is one and a half bins, so each size has its own extent: small supports come
    nearer to the border than large ones. An image too small for a size gets no center of it.
    """

    def axis(side: int, bin_size: int) -> Axis:
        room = side - 1 - (SIDE - 1) * bin_size
        return Axis((SIDE - 1) / 2 * bin_size, step, room // step + 1 if room >= 0 else 0)

    return [SamplingGrid(size, axis(height, size), axis(width, size)) for size in bin_sizes]


def paper_grids(
    height: int, width: int, step_div: int = 20, n_sizes: int = 1
) -> list[SamplingGrid]:
    """Grids of arXiv:2105.04895: centers from pixel 0 on, supports reaching over the border.

    The step is side // step_div, at least 8 pixels, for height and width apart; the keypoint's
    diameter is the mean of the two steps, and the n-th grid of `n_sizes` takes n times step and
    diameter. OpenCV gives a keypoint of diameter d spatial bins of 1.5 d pixels, here rounded
    to whole pixels (which changes nothing for 256 x 256 images).
    """
    step_y, step_x = (max(side // step_div, 8) for side in (height, width))
    grids = []
    for n in range(1, n_sizes + 1):
        bin_size = round(1.5 * n * (step_y + step_x) / 2)
        y = Axis(0, n * step_y, -(-height // (n * step_y)))
        x = Axis(0, n * step_x, -(-width // (n * step_x)))
        grids.append(SamplingGrid(bin_size, y, x))
    return grids
