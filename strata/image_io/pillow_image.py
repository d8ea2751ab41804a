"""Pixels of a Pillow image that is not in a file, by the conventions of the reader of files."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from strata.image_io.deep import DeepImage
from strata.image_io.errors import ImageError
from strata.image_io.reader import _orientation, _reason, _rgb, _upright
from strata.image_io.value_range import Range, extent_of, full_range

if TYPE_CHECKING:
    from PIL import Image


def pillow_pixels(
    image: "Image.Image", name: str, ranges: Mapping[str, Range] | None = None
) -> np.ndarray:
    """Pixels of a Pillow image of any mode.

    Args:
        image: opened or made; of colors of 16 bits, Pillow itself keeps the high bytes alone.
        name: of the image, for errors.
        ranges: lowest and highest value of integers and of floats, by kind, where the mode states
            none (`I`, `I;16`, `F`); else the image's own (`full_range`).

    Returns:
        uint8 (H, W, 3), RGB, writable, with the EXIF orientation applied, transparency on white.

    Raises:
        ImageError: the image has no pixels, or its file is damaged.
    """
    try:
        image.load()
        orientation = _orientation(image)
        if image.mode[0] in "IF":
            values = np.asarray(image)
            extent = extent_of([values])
            value_range = (ranges or {}).get(extent.kind) or full_range([extent])
            deep = DeepImage(image, transparent=image.info.get("transparency"))
            pixels = deep.rgb(0, image.height, value_range)
        else:
            pixels = np.array(_rgb(image))
    except Exception as error:  # decoders of files opened lazily raise any exception
        raise ImageError(name, _reason(error, b"")) from error
    if not pixels.size:
        raise ImageError(name, "has no pixels")
    return _upright(pixels, orientation)
