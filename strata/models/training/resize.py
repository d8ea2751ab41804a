"""Images of any size to the square of one size that a network takes."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from strata.errors import InputError


def resize_image(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Center-crop one image to a square and resize it without aliasing.

    The crop keeps shapes as they are (stretching a 3:2 photograph would make every tree thin);
    what lies beyond the square is lost. Shrinking averages areas, enlarging is bilinear.

    Args:
        image: (h, w, 3) RGB, or (h, w) gray, uint8.
        side: of the result, pixels.

    Returns:
        (side, side, 3) uint8.

    Raises:
        InputError: not an image of that kind.
    """
    import cv2

    if image.dtype != np.uint8 or image.ndim not in (2, 3) or min(image.shape) < 1:
        raise InputError(f"Expected a uint8 image, not {image.dtype} of shape {image.shape}.")
    if image.ndim == 2:
        image = np.repeat(image[:, :, None], 3, axis=2)
    if image.shape[2] != 3:
        raise InputError(f"Expected an RGB image, not one of {image.shape[2]} channels.")
    height, width = image.shape[:2]
    square = min(height, width)
    top, left = (height - square) // 2, (width - square) // 2
    image = image[top : top + square, left : left + square]
    if square == side:
        return np.ascontiguousarray(image)
    method = cv2.INTER_AREA if square > side else cv2.INTER_LINEAR
    return cv2.resize(image, (side, side), interpolation=method).astype(np.uint8, copy=False)


def resize_images(images: Iterable[NDArray[np.uint8]], side: int) -> NDArray[np.uint8]:
    """`resize_image` for each of n images: (n, side, side, 3) uint8, contiguous."""
    resized = [resize_image(image, side) for image in images]
    return np.stack(resized) if resized else np.zeros((0, side, side, 3), np.uint8)
