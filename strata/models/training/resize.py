"""Resizing of images of any size to the square input of a network."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from strata.errors import InputError
from strata.image_io import check_images


def resize_image(image: NDArray[np.uint8], image_size: int) -> NDArray[np.uint8]:
    """Center-crop one image to a square and resize it without aliasing.

    The crop keeps the aspect ratio (stretching a 3:2 photograph would make every tree thin).
    Shrinking averages areas, enlarging is bilinear.

    Args:
        image: (h, w, 3) RGB, or (h, w) gray, uint8.
        image_size: width and height of the result, pixels.

    Returns:
        (image_size, image_size, 3) uint8.

    Raises:
        InputError: another dtype or shape.
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
    if square == image_size:
        return np.ascontiguousarray(image)
    method = cv2.INTER_AREA if square > image_size else cv2.INTER_LINEAR
    resized = cv2.resize(image, (image_size, image_size), interpolation=method)
    return resized.astype(np.uint8, copy=False)


def resize_images(images: Iterable[NDArray[np.uint8]], image_size: int) -> NDArray[np.uint8]:
    """`resize_image` for each of n images: (n, image_size, image_size, 3) uint8, contiguous."""
    resized = [resize_image(image, image_size) for image in check_images(images)]
    return np.stack(resized) if resized else np.zeros((0, image_size, image_size, 3), np.uint8)
