"""Data type of local descriptors: vectors with the positions and scales they were taken at."""

from typing import NamedTuple, TypeVar

import numpy as np

from strata.errors import InputError, short

Images = TypeVar("Images")


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


#: Local descriptors of one image, with positions or without.
Described = LocalDescriptors | np.ndarray


def check_images_described(images: Images) -> Images:
    """Return the descriptors of images as they are; refuse those of one image.

    Raises:
        InputError: `LocalDescriptors`, or an array (n, d), in place of several of them.
    """
    if isinstance(images, LocalDescriptors) or getattr(images, "ndim", 0) == 2:
        raise InputError(
            "An encoder takes a list of images' local descriptors, not those of one image.",
            "Give them as a list of one: [local].",
        )
    return images


def as_local(image: Described, unplaced: str = "") -> LocalDescriptors:
    """Local descriptors of an image as they are, or a plain (n, d) array at the image's center.

    Args:
        image: its descriptors.
        unplaced: where positions are needed, the arguments with which they are not, for the
            error: "pyramid='none'"; "" where they are not needed.

    Raises:
        InputError: another array, or a plain one where positions are needed.
    """
    if isinstance(image, LocalDescriptors):
        return image
    if not isinstance(image, np.ndarray) or image.ndim != 2:
        found = f"an array of shape {image.shape}" if hasattr(image, "shape") else short(image)
        raise InputError(
            f"Expected the local descriptors of an image, not {found}.",
            "They are an array (n, d), or what a descriptor makes of images: "
            "DenseSIFT().transform(images).",
        )
    if unplaced:
        raise InputError(
            "Positions of the descriptors are needed, and a plain array has none.",
            f"Give LocalDescriptors, as DenseSIFT().transform(images) does, or set {unplaced}.",
        )
    n = len(image)
    return LocalDescriptors(image, np.full((n, 2), 0.5, np.float32), np.ones(n, np.float32))
