"""Resizing of images of any size to the square input of a network."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from strata.errors import InputError
from strata.image_io import check_images


def resize_image(
    image: NDArray[np.uint8], image_size: int, *, color: bool = True
) -> NDArray[np.uint8]:
    """Center-crop one image to a square and resize it without aliasing.

    The crop keeps the aspect ratio (stretching a 3:2 photograph would make every tree thin).
    Shrinking averages areas, enlarging is bilinear.

    Args:
        image: (h, w, 3) RGB, or (h, w) gray, uint8.
        image_size: width and height of the result, pixels.
        color: False gives gray values, the luma of a color image (ITU-R BT.601).

    Returns:
        (image_size, image_size, 3) uint8; (image_size, image_size, 1) without color.

    Raises:
        InputError: another dtype or shape.
    """
    import cv2

    if not isinstance(image, np.ndarray):
        raise InputError(f"Expected an image as a uint8 array, not {type(image).__name__}.")
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or min(image.shape) < 1:
        raise InputError(f"Expected a uint8 image, not {image.dtype} of shape {image.shape}.")
    if image.ndim == 2:
        image = np.repeat(image[:, :, None], 3, axis=2) if color else image[:, :, None]
    elif image.shape[2] != 3:
        raise InputError(f"Expected an RGB image, not one of {image.shape[2]} channels.")
    elif not color:
        image = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)[:, :, None]
    height, width = image.shape[:2]
    square = min(height, width)
    top, left = (height - square) // 2, (width - square) // 2
    image = image[top : top + square, left : left + square]
    if square == image_size:
        return np.ascontiguousarray(image)
    method = cv2.INTER_AREA if square > image_size else cv2.INTER_LINEAR
    resized = cv2.resize(image, (image_size, image_size), interpolation=method)
    return resized.astype(np.uint8, copy=False).reshape(image_size, image_size, -1)


def resize_images(
    images: Iterable[NDArray[np.uint8]], image_size: int, *, color: bool = True
) -> NDArray[np.uint8]:
    """`resize_image` for each of n images: (n, image_size, image_size, channels), contiguous.

    Examples:
        >>> import numpy as np
        >>> from strata.models import resize_images
        >>> resize_images([np.zeros((40, 60, 3), np.uint8), np.zeros((9, 9), np.uint8)], 32).shape
        (2, 32, 32, 3)
    """
    resized = [resize_image(image, image_size, color=color) for image in check_images(images)]
    empty = np.zeros((0, image_size, image_size, 3 if color else 1), np.uint8)
    return np.stack(resized) if resized else empty
