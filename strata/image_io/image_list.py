"""Lists of images in memory: the check of what stands for one, and downscaling."""

from collections.abc import Iterable
from os import PathLike
from typing import TypeVar

import numpy as np

from strata.errors import InputError, short

#: Shapes of a pixel: of gray and color images, with and without opacity.
_CHANNELS = ((1,), (3,), (4,))


Images = TypeVar("Images")


def check_images(images: Images) -> Images:
    """Return images as they are; refuse a single one, whose rows would count as gray images.

    Args:
        images: any iterable of images, also an array (n, H, W, 3) or (n, H, W).

    Raises:
        InputError: an array of shape (H, W, 3), (H, W), or (H, W, 4) and (H, W, 1), or none of
            images at all, such as a path.
    """
    listed = isinstance(images, Iterable) or hasattr(images, "__getitem__")
    if isinstance(images, str | bytes | PathLike) or not listed:
        raise InputError(
            f"Expected a list of images, not {short(images)}.",
            "An image is an array: np.asarray(PIL.Image.open(path).convert('RGB')).",
        )
    if isinstance(images, np.ndarray) and (images.ndim == 2 or images.shape[2:] in _CHANNELS):
        raise InputError(
            f"Expected a list of images, not one image of shape {images.shape}.",
            "Put it into a list: [image].",
        )
    return images


def downscale(image: np.ndarray, largest: int) -> np.ndarray:
    """Downscale an image to at most largest x largest pixels in area; area averaging.

    The aspect ratio is kept.

    Args:
        image: uint8 (H, W, 3); returned unchanged if it is small enough.
        largest: square root of the largest number of pixels, at least 1.
    """
    import cv2

    height, width = image.shape[:2]
    scale = largest / (height * width) ** 0.5
    if scale >= 1:
        return image
    size = max(1, int(width * scale)), max(1, int(height * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)
