"""SURF at interest points or on a grid, through mahotas (an optional package).

Source: Bay, Ess, Tuytelaars, Van Gool, "Speeded-up robust features (SURF)", CVIU 2008.
"""

from typing import Any

import numpy as np

from strata.errors import InputError, StrataError
from strata.features.descriptors.base import BaseDescriptor
from strata.features.descriptors.local_descriptors import LocalDescriptors
from strata.features.descriptors.sparse_sift import to_gray
from strata.parameter_types import NonNegativeFloat, PositiveFloat, PositiveInt

#: Length of a descriptor.
DIMENSIONS = 64

#: Columns that mahotas puts before it: y, x, scale, score, sign, angle.
POINT_COLUMNS = 6

#: Side of a spatial bin in units of the scale: a support is 20 scales wide, in 4 x 4 bins.
BIN_PER_SCALE = 5.0


def _mahotas_surf() -> Any:
    """The module mahotas.features.surf, or an error that says how to install it."""
    try:
        from mahotas.features import surf
    except ImportError as error:
        raise StrataError("SURF needs the package mahotas.", "pip install mahotas") from error
    return surf


def _local_descriptors(points: np.ndarray, shape: tuple[int, ...]) -> LocalDescriptors:
    """Rows of mahotas's result, without those that are not finite (flat surroundings)."""
    points = points.reshape(-1, POINT_COLUMNS + DIMENSIONS)
    points = points[np.isfinite(points).all(axis=1)]
    positions = (points[:, 1::-1] + 0.5) / (shape[1], shape[0])
    return LocalDescriptors(
        points[:, POINT_COLUMNS:].astype(np.float32),
        np.clip(positions, 0, 1).astype(np.float32),
        (points[:, 2] * BIN_PER_SCALE).astype(np.float32),
    )


class SparseSURF(BaseDescriptor):
    """SURF at the interest points of its own detector; an image without any has zero rows.

    Args:
        n_keypoints: number of interest points of each image, at most; the strongest are taken.
        threshold: least strength of an interest point (mahotas's `threshold`).
        n_octaves: octaves of the scale space.
    """

    def __init__(
        self,
        n_keypoints: PositiveInt = 300,
        threshold: NonNegativeFloat = 0.1,
        n_octaves: PositiveInt = 4,
    ) -> None:
        self.n_keypoints = n_keypoints
        self.threshold = threshold
        self.n_octaves = n_octaves

    def describe(self, image: np.ndarray) -> LocalDescriptors:
        """(n, 64) descriptors of one image.

        Raises:
            InputError: `image` is not uint8 of shape (H, W, 3) or (H, W), or no keypoint allowed.
            StrataError: mahotas is not installed.
        """
        if self.n_keypoints < 1:
            raise InputError(f"At least one keypoint must be allowed, not {self.n_keypoints}.")
        gray = to_gray(image)
        points = _mahotas_surf().surf(
            gray,
            nr_octaves=self.n_octaves,
            threshold=self.threshold,
            max_points=self.n_keypoints,
        )
        return _local_descriptors(points, gray.shape)


class DenseSURF(BaseDescriptor):
    """SURF on a regular grid at one scale, wherever its support fits into the image.

    Args:
        step: pixels from one center to the next.
        scale: scale of all points, in pixels; None for the square root of the step, as in mahotas.
    """

    def __init__(self, step: PositiveInt = 8, scale: PositiveFloat | None = None) -> None:
        self.step = step
        self.scale = scale

    def describe(self, image: np.ndarray) -> LocalDescriptors:
        """(n, 64) descriptors of one image, row by row.

        Raises:
            InputError: `image` is not uint8 of shape (H, W, 3) or (H, W), the step is below 1, or
                the scale is not positive.
            StrataError: mahotas is not installed.
        """
        if self.step < 1:
            raise InputError(f"Dense SURF needs a step of at least one pixel, not {self.step}.")
        scale = float(np.sqrt(self.step)) if self.scale is None else self.scale
        if not scale > 0:
            raise InputError(f"Dense SURF needs a scale above 0, not {scale}.")
        gray = to_gray(image)
        points = _mahotas_surf().dense(gray, self.step, scale=scale, include_interest_point=True)
        return _local_descriptors(points, gray.shape)
