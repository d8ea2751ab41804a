"""Image patches cut out or outlined, as small pictures."""

import numpy as np
from PIL import Image, ImageDraw

#: Side of a patch, and longest side of an image with outlines, in pixels.
PATCH_SIDE, IMAGE_SIDE = 44, 120


def patch(image: np.ndarray, region: np.ndarray) -> np.ndarray:
    """The patch under a descriptor's support region, resized to PATCH_SIDE: uint8 (H, W, 3).

    Args:
        image: uint8 (H, W, 3); the region is clipped at its edges.
        region: (4,), center (x, y) and size (x, y) in units of the image's sides.
    """
    whole = Image.fromarray(image)
    box = _clipped(_box(region, whole), whole)
    part = whole.resize((PATCH_SIDE, PATCH_SIDE), Image.Resampling.BICUBIC, box=box)
    return as_pixels(part)


def outlined(image: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """The image at thumbnail size with the outline of each region (n, 4) drawn into it."""
    picture = Image.fromarray(image)
    picture.thumbnail((IMAGE_SIDE, IMAGE_SIDE), Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(picture)
    for region in regions:
        draw.rectangle(_box(region, picture), outline=(255, 210, 0))
    return as_pixels(picture)


def as_pixels(picture: Image.Image) -> np.ndarray:
    """A Pillow image as uint8 (H, W, 3)."""
    return np.asarray(picture.convert("RGB"))


def _box(region: np.ndarray, picture: Image.Image) -> tuple[float, float, float, float]:
    """(left, top, right, bottom) of a region, in pixels."""
    x, y, wide, high = region
    return (
        (x - wide / 2) * picture.width,
        (y - high / 2) * picture.height,
        (x + wide / 2) * picture.width,
        (y + high / 2) * picture.height,
    )


def _clipped(
    box: tuple[float, float, float, float], picture: Image.Image
) -> tuple[float, float, float, float]:
    """The box clipped to the picture, at least a pixel wide and high."""
    left, top = (
        min(max(0.0, low), end - 1.0)
        for low, end in zip(box[:2], (picture.width, picture.height), strict=True)
    )
    right, bottom = min(float(picture.width), box[2]), min(float(picture.height), box[3])
    return left, top, max(right, left + 1.0), max(bottom, top + 1.0)
