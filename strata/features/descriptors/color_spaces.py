"""The planes of a color space, as descriptors look at them.

Source: van de Sande, Gevers, Snoek, "Evaluating color descriptors for object and scene recognition"
(PAMI 2010), for opponent colors.
"""

import numpy as np

from strata.errors import InputError, nearest
from strata.features.descriptors.base import check_image

#: Rows: the planes of a color space; columns: red, green, blue.
PLANES = {
    "gray": np.array([[0.299, 0.587, 0.114]]),
    "rgb": np.eye(3),
    "opponent": np.array(
        [
            [0.299, 0.587, 0.114],
            np.array([1, -1, 0]) / np.sqrt(2),
            np.array([1, 1, -2]) / np.sqrt(6),
        ]
    ),
}


def planes(image: np.ndarray, color: str) -> np.ndarray:
    """(p, h, w) float32 planes in [0, 255] (opponent planes: around 0) of a uint8 image.

    Args:
        image: (h, w, 3) RGB, or (h, w) gray, whose opponent planes are zero but for the first.
        color: a key of `PLANES`.

    Raises:
        InputError: the image is of another type or shape, or there is no such color space.
    """
    check_image(image)
    if color not in PLANES:
        raise InputError(f"There is no color space '{color}'.", nearest(color, PLANES))
    mix = PLANES[color].astype(np.float32)
    if image.ndim == 2:
        return mix.sum(axis=1)[:, None, None] * image.astype(np.float32)
    return np.tensordot(mix, image.astype(np.float32), axes=(1, 2))
