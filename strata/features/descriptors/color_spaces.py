"""Color spaces of descriptors: gray, RGB and opponent channels.

Opponent colors as in van de Sande, Gevers and Snoek, "Evaluating color descriptors for object and
scene recognition" (PAMI 2010), but for the intensity, which is luma here, as in gray images.
"""

from typing import Literal

import numpy as np

from strata.errors import InputError, nearest
from strata.features.descriptors.base import check_image

#: Color spaces: the keys of `COLOR_SPACES`.
ColorSpace = Literal["gray", "opponent", "rgb"]

#: Linear map of each color space; rows: its channels, columns: red, green, blue.
COLOR_SPACES = {
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


def color_channels(image: np.ndarray, color: ColorSpace) -> np.ndarray:
    """Channels of a uint8 image, (c, h, w) float32 in [0, 255].

    The second and third opponent channel lie around 0.

    Args:
        image: (h, w, 3) RGB, or (h, w) gray, whose opponent channels are zero but for the first.
        color: the color space.

    Raises:
        InputError: the image is of another type or shape, or the color space is unknown.
    """
    check_image(image)
    if color not in COLOR_SPACES:
        raise InputError(f"There is no color space '{color}'.", nearest(str(color), COLOR_SPACES))
    mix = COLOR_SPACES[color].astype(np.float32)
    if image.ndim == 2:
        return mix.sum(axis=1)[:, None, None] * image.astype(np.float32)
    return np.tensordot(mix, image.astype(np.float32), axes=(1, 2))
