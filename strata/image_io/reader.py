"""Decoding: the content of an image file to an RGB uint8 array."""

import contextlib
import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from strata.errors import InputError
from strata.image_io.content import read_content
from strata.image_io.deep import (
    UnsupportedError,
    deep_image,
    is_signed,
    is_wide,
    on_white,
    raw_mode,
    rows,
)
from strata.image_io.errors import ImageError
from strata.image_io.formats import describe, formats_of
from strata.image_io.limits import LimitError, check_limits, factor, max_pixels, too_many_pixels
from strata.image_io.value_range import Extent, Range, extent_of, full_range

if TYPE_CHECKING:
    from PIL import Image

#: Pixels that are converted at once, to bound the memory that conversions take.
_STRIP_PIXELS = 1 << 20
_ORIENTATION_TAG = 0x0112


def read_image(
    source: Path | bytes, *, digest: str | None = None, value_range: Range | None = None
) -> np.ndarray:
    """Read an image completely.

    Args:
        source: path or content of a JPEG, PNG, BMP, TIFF, WebP, GIF or AVIF file (HEIC with
            pillow-heif). The format is detected by content, not by suffix; of several frames the
            first is read.
        digest: sha256 in hex that the file's content must have; given with a path.
        value_range: lowest and highest value of an image whose file does not state its range
            (16-bit and 32-bit integers, floats): that of its data set. None: its own
            (`value_range.full_range`).

    Returns:
        uint8 (H, W, 3), RGB, writable, with the EXIF orientation applied. Transparency is
        composited on white.

    Raises:
        ImageError: the file is missing, empty, truncated, damaged, not an image, too large, or
            no longer the one that `digest` names.
    """
    name = "image" if isinstance(source, bytes) else str(source)
    data = source if isinstance(source, bytes) else read_content(source, digest)
    return decode(data, name, value_range)[0]


def decode(
    data: bytes, name: str = "image", value_range: Range | None = None
) -> tuple[np.ndarray, Extent | None]:
    """Decode the content of an image file, see `read_image`.

    Returns:
        The image; and the extent of its values, None where the file states their range.

    Raises:
        ImageError: the content cannot be decoded; its message starts with `name`.
    """
    if not data:
        raise ImageError(name, "the file is empty")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns about defects that it tolerates
        try:
            pixels, orientation, extent = _pixels(data, value_range)
            return _upright(pixels, orientation), extent
        except (LimitError, UnsupportedError) as error:
            raise ImageError(name, str(error)) from None
        except InputError:
            raise
        except Exception as error:  # Pillow's decoders raise any exception on damaged bytes
            raise ImageError(name, _reason(error, data)) from error


def _pixels(data: bytes, value_range: Range | None) -> tuple[np.ndarray, int, Extent | None]:
    """Pixels as stored, (H, W, 3) uint8, the EXIF orientation, and the extent of the values."""
    with _opened(data) as opened:
        check_limits(opened, data, images=2 if is_wide(opened) else 1)
        deep, extent = deep_image(opened, data), None
        if deep is None:
            opened.load()
        elif deep.stated is not None:
            value_range = deep.stated
        else:
            extent = extent_of(deep.values(*strip) for strip in _strips(opened.size))
            value_range = value_range or full_range([extent])
        pixels = np.empty((opened.height, opened.width, 3), np.uint8)
        for top, bottom in _strips(opened.size):
            if deep is None:
                pixels[top:bottom] = np.asarray(_rgb(rows(opened, top, bottom)))
            else:
                assert value_range is not None
                pixels[top:bottom] = deep.rgb(top, bottom, value_range)
        if is_signed(opened):
            pixels ^= 0x80
        return pixels, _orientation(opened), extent


@contextlib.contextmanager
def _opened(data: bytes) -> "Iterator[Image.Image]":
    """Open an image; Pillow's own limit of pixels is raised where the user raises ours."""
    from PIL import Image

    pillow_limit = Image.MAX_IMAGE_PIXELS
    if factor() > 1:
        Image.MAX_IMAGE_PIXELS = max_pixels()
    try:
        with Image.open(io.BytesIO(data), formats=formats_of(data)) as opened:
            _scale_transparent_gray(opened)
            yield opened
    finally:
        Image.MAX_IMAGE_PIXELS = pillow_limit


def _scale_transparent_gray(opened: "Image.Image") -> None:
    """Scale the transparent gray of a PNG of 2 or 4 bits to 8 bits, as Pillow scales the pixels."""
    transparent = opened.info.get("transparency")
    steps = {"L;2": 85, "L;4": 17}.get(raw_mode(opened))
    if steps and isinstance(transparent, int):
        opened.info["transparency"] = transparent * steps


def _strips(size: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """First row of each strip of an image, and the row after its last one."""
    width, height = size
    step = max(1, _STRIP_PIXELS // max(1, width))
    return ((top, min(top + step, height)) for top in range(0, height, step))


def _rgb(image: "Image.Image") -> "Image.Image":
    """Convert any Pillow mode of 8 bits to RGB; transparency is composited on white."""
    if image.mode == "LAB":
        from PIL import ImageCms

        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
        assert converted is not None  # only in-place conversions return None
        return converted
    if "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        return on_white(image.convert("RGBA"))
    return image if image.mode == "RGB" else image.convert("RGB")


def _orientation(opened: "Image.Image") -> int:
    """EXIF orientation, 1 to 8; 1 where there is none, or the EXIF block is damaged."""
    orientation: int | None = None
    with contextlib.suppress(Exception):  # parsing damaged EXIF raises nearly any exception
        orientation = opened.getexif().get(_ORIENTATION_TAG)
    return orientation if orientation is not None and orientation in range(1, 9) else 1


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Apply an EXIF orientation to an image as it is stored."""
    if orientation == 1:
        return pixels
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    flip_rows = orientation in (3, 4, 7, 8)
    flip_columns = orientation in (2, 3, 6, 7)
    return np.ascontiguousarray(pixels[:: -1 if flip_rows else 1, :: -1 if flip_columns else 1])


def _reason(error: Exception, data: bytes) -> str:
    """Describe a decoder's exception in a few words for the user."""
    from PIL import Image, UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return describe(data)
    if isinstance(error, Image.DecompressionBombError):
        return too_many_pixels()
    if isinstance(error, MemoryError):
        return "too large for the memory"
    text = " ".join(str(error).split()) or type(error).__name__
    return f"cut off ({text})" if "truncated" in text.lower() else f"damaged ({text})"
