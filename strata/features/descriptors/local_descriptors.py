"""Data type of local descriptors: vectors with the positions and scales they were taken at."""

from typing import NamedTuple

import numpy as np


class LocalDescriptors(NamedTuple):
    """The n local descriptors of one image; n may be zero.

    Attributes:
        descriptors: (n, d) float32.
        positions: (n, 2) float32, centers as (x, y) in units of the image's sides, in [0, 1].
        scales: (n,) float32, side of one spatial bin of the support, in pixels.
    """

    descriptors: np.ndarray
    positions: np.ndarray
    scales: np.ndarray

    @classmethod
    def empty(cls, d: int) -> "LocalDescriptors":
        """No descriptors of d numbers, as of a flat image without keypoints."""
        return cls(
            np.zeros((0, d), np.float32),
            np.zeros((0, 2), np.float32),
            np.zeros(0, np.float32),
        )

    def with_contrast(self) -> "LocalDescriptors":
        """Drop the rows that are zero throughout, which stand for points without contrast."""
        kept = self.descriptors.any(axis=1)
        return self if kept.all() else LocalDescriptors(*(part[kept] for part in self))
