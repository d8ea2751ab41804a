"""Lists of images in memory: the check of what stands for one, and downscaling."""

from collections.abc import Iterable

import numpy as np

from strata.errors import InputError


def check_images(images: Iterable[np.ndarray]) -> Iterable[np.ndarray]:
    """Return images as they are; refuse a single one, whose rows would count as gray images.

    Args:
        images: any iterable of images, also an array (n, H, W, 3) or (n, H, W).

    Raises:
        InputError: an array of shape (H, W, 3) or (H, W).
    """
    if isinstance(images, np.ndarray) and (images.ndim == 2 or images.shape[2:] == (3,)):
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
