"""SURF, upright or not by its own reckoning, through mahotas (an optional package).

Source: Bay, Ess, Tuytelaars, Van Gool, "Speeded-up robust features (SURF)", CVIU 2008.
"""

from typing import Any

import numpy as np

from strata.errors import InputError, StrataError
from strata.features.descriptors.base import BaseDescriptor
from strata.features.descriptors.local_descriptors import LocalDescriptors
from strata.features.descriptors.sparse_sift import gray

#: Entries of a descriptor, and what mahotas puts before them: y, x, scale, score, sign, angle.
DIMENSIONS, BEFORE = 64, 6

#: A SURF support is 20 scales wide, in 4 x 4 bins.
BIN_PER_SCALE = 5.0


def _mahotas() -> Any:
    try:
        from mahotas.features import surf
    except ImportError as error:
        raise StrataError("SURF needs the package mahotas.", "pip install mahotas") from error
    return surf


def _local(points: np.ndarray, shape: tuple[int, ...]) -> LocalDescriptors:
    """What mahotas found, without descriptors that are not numbers (flat surroundings)."""
    points = points.reshape(-1, BEFORE + DIMENSIONS)
    points = points[np.isfinite(points).all(axis=1)]
    positions = (points[:, 1::-1] + 0.5) / (shape[1], shape[0])
    return LocalDescriptors(
        points[:, BEFORE:].astype(np.float32),
        np.clip(positions, 0, 1).astype(np.float32),
        (points[:, 2] * BIN_PER_SCALE).astype(np.float32),
    )


class SparseSURF(BaseDescriptor):
    """SURF at its own interest points; an image without any has zero rows.

    Args:
        n_keypoints: at most this many of each image, the strongest.
        threshold: least strength of an interest point (mahotas's `threshold`).
        n_octaves: of the scale space.
    """

    def __init__(self, n_keypoints: int = 300, threshold: float = 0.1, n_octaves: int = 4) -> None:
        self.n_keypoints = n_keypoints
        self.threshold = threshold
        self.n_octaves = n_octaves

    def describe(self, image: np.ndarray) -> LocalDescriptors:
        """The (n, 64) descriptors of one image.

        Raises:
            InputError: `image` is not uint8 of shape (H, W, 3) or (H, W), or no keypoint allowed.
            StrataError: mahotas is not installed.
        """
        if self.n_keypoints < 1:
            raise InputError(f"At least one keypoint must be allowed, not {self.n_keypoints}.")
        plane = gray(image)
        points = _mahotas().surf(
            plane,
            nr_octaves=self.n_octaves,
            threshold=self.threshold,
            max_points=self.n_keypoints,
        )
        return _local(points, plane.shape)


class DenseSURF(BaseDescriptor):
    """SURF on a regular grid at one scale, wherever its support fits into the image.

    Args:
        step: pixels from one center to the next.
        scale: of all points, in pixels; None for the root of the step, as mahotas has it.
    """

    def __init__(self, step: int = 8, scale: float | None = None) -> None:
        self.step = step
        self.scale = scale

    def describe(self, image: np.ndarray) -> LocalDescriptors:
        """The (n, 64) descriptors of one image, row by row.

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
        plane = gray(image)
        points = _mahotas().dense(plane, self.step, scale=scale, include_interest_point=True)
        return _local(points, plane.shape)
