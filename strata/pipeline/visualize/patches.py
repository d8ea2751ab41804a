"""Parts of images cut out or marked, as small pictures."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

#: Sides of the pictures, pixels.
PATCH_SIDE, IMAGE_SIDE = 44, 120


def patch(path: Path, place: "np.ndarray") -> "np.ndarray":
    """What a descriptor sees: uint8 (PATCH_SIDE, PATCH_SIDE, 3), cut off at the image's edges.

    Args:
        place: (4,), center (x, y) and size (x, y) in units of the image's sides.
    """
    from PIL import Image

    from strata.image_io import read_image

    whole = Image.fromarray(read_image(path))
    box = _within(_box(place, whole), whole)
    part = whole.resize((PATCH_SIDE, PATCH_SIDE), Image.Resampling.BICUBIC, box=box)
    return as_pixels(part)


def marked(path: Path, places: "np.ndarray") -> "np.ndarray":
    """The image, made small, with the outline of each place (n, 4) drawn into it."""
    from PIL import Image, ImageDraw

    from strata.image_io import read_image

    picture = Image.fromarray(read_image(path))
    picture.thumbnail((IMAGE_SIDE, IMAGE_SIDE), Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(picture)
    for place in places:
        draw.rectangle(_box(place, picture), outline=(255, 210, 0))
    return as_pixels(picture)


def as_pixels(picture: "Image.Image") -> "np.ndarray":
    """A Pillow image as uint8 (H, W, 3)."""
    import numpy as np

    return np.asarray(picture.convert("RGB"))


def _box(place: "np.ndarray", picture: "Image.Image") -> tuple[float, float, float, float]:
    """(left, top, right, bottom) in pixels."""
    x, y, wide, high = place
    return (
        (x - wide / 2) * picture.width,
        (y - high / 2) * picture.height,
        (x + wide / 2) * picture.width,
        (y + high / 2) * picture.height,
    )


def _within(
    box: tuple[float, float, float, float], picture: "Image.Image"
) -> tuple[float, float, float, float]:
    """The part of the box that lies in the picture, at least a pixel wide and high."""
    left, top = (
        min(max(0.0, low), end - 1.0)
        for low, end in zip(box[:2], (picture.width, picture.height), strict=True)
    )
    right, bottom = min(float(picture.width), box[2]), min(float(picture.height), box[3])
    return left, top, max(right, left + 1.0), max(bottom, top + 1.0)
