"""Image reading: any common file format to an RGB uint8 array."""

import contextlib
import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from strata.errors import InputError

if TYPE_CHECKING:
    from PIL import Image

#: Pillow's names of the formats that are read, the most common first; others are refused, so that
#: untrusted content never selects an exotic decoder.
FORMATS = ("JPEG", "PNG", "BMP", "DIB", "GIF", "TIFF", "WEBP")

#: File suffixes, in lower case, that mark images.
SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".tif", ".tiff", ".webp", ".gif")
)

#: Number of pixels above which an image counts as a decompression bomb (Pillow's error limit).
MAX_PIXELS = 178_956_970

_ORIENTATION_TAG = 0x0112


class ImageError(InputError):
    """An image that cannot be read.

    Args:
        name: path of the file, or a name in place of it.
        reason: cause of the failure, in a few words.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.name, self.reason)


def read_image(source: Path | bytes) -> np.ndarray:
    """Read an image completely.

    Args:
        source: path or content of a JPEG, PNG, BMP, TIFF, WebP or GIF file. The format is detected
            by content, not by suffix; of several frames the first is read.

    Returns:
        uint8 (H, W, 3), RGB, writable, with the EXIF orientation applied. Transparency is
        composited on white; 16-bit grays are scaled from 0..65535 to 0..255 (32-bit grays: see
        `_high_depth_to_uint8`).

    Raises:
        ImageError: the file is missing, empty, truncated, damaged, not an image, or too large.
    """
    name = "image" if isinstance(source, bytes) else str(source)
    data = source if isinstance(source, bytes) else read_content(source)
    if not data:
        raise ImageError(name, "the file is empty")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns about defects that it tolerates
        try:
            return _decode(data)
        except _TooLargeError as error:
            raise ImageError(name, str(error)) from None
        except Exception as error:  # Pillow's decoders raise any exception on damaged bytes
            raise ImageError(name, _reason(error)) from error


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


def read_content(path: Path) -> bytes:
    """Read the bytes of a file.

    Raises:
        ImageError: the file cannot be opened.
    """
    try:
        return path.read_bytes()
    except IsADirectoryError:
        raise ImageError(str(path), "is a folder, not a file") from None
    except FileNotFoundError:
        raise ImageError(str(path), "no such file") from None
    except OSError as error:
        raise ImageError(str(path), f"cannot be opened ({error.strerror or error})") from error
    except ValueError as error:  # a NUL in the path
        raise ImageError(repr(str(path)), f"cannot be opened ({error})") from error


class _TooLargeError(Exception):
    pass


def _decode(data: bytes) -> np.ndarray:
    from PIL import Image

    with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
        width, height = opened.size
        if width * height > MAX_PIXELS:
            raise _TooLargeError(
                f"{width} x {height} pixels are more than the {MAX_PIXELS:,} that are read"
            )
        opened.load()
        # np.array(image) would make Pillow serialize the pixels twice
        return np.asarray(_upright(_to_rgb(opened), opened)).copy()


def _to_rgb(image: "Image.Image") -> "Image.Image":
    """Convert any Pillow mode to RGB; transparency is composited on white."""
    from PIL import Image

    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_high_depth_to_uint8(image)).convert("RGB")
    if image.mode == "LAB":
        from PIL import ImageCms

        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
        assert converted is not None  # only in-place conversions return None
        return converted
    if "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        pixels = image.convert("RGBA")
        white = Image.new("RGBA", pixels.size, "white")
        return Image.alpha_composite(white, pixels).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _high_depth_to_uint8(image: "Image.Image") -> np.ndarray:
    """Convert a gray image of more than 8 bits to uint8 (H, W).

    16-bit integers have the range 0..65535. The range of 32-bit integers and floats is unknown, so
    it is taken to be the smallest of 0..1 (floats only), 0..255 and 0..65535 that contains the
    image, else the image's own range. Values that are not finite become 0.
    """
    if image.mode.startswith("I;16"):
        return ((np.asarray(image).astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
    values = np.asarray(image).astype(np.float64)
    values[~np.isfinite(values)] = 0
    low, high = float(values.min()), float(values.max())
    ranges = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
    if low >= 0 and high <= ranges[-1]:
        low, high = 0.0, next(top for top in ranges if high <= top)
    return np.rint((values - low) * (255 / ((high - low) or 1.0))).astype(np.uint8)


def _upright(image: "Image.Image", opened: "Image.Image") -> "Image.Image":
    """Apply the EXIF orientation of `opened` to an image; a damaged EXIF block is ignored."""
    from PIL.Image import Transpose

    orientation = None
    with contextlib.suppress(Exception):  # parsing damaged EXIF raises nearly any exception
        orientation = opened.getexif().get(_ORIENTATION_TAG)
    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return image.transpose(turns[orientation]) if orientation in turns else image


def _reason(error: Exception) -> str:
    """Describe a decoder's exception in a few words for the user."""
    from PIL import Image, UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return "damaged, or not an image that can be read (JPEG, PNG, BMP, TIFF, WebP, GIF)"
    if isinstance(error, Image.DecompressionBombError):
        return f"more than the {MAX_PIXELS:,} pixels that are read"
    if isinstance(error, MemoryError):
        return "too large for the memory"
    text = str(error) or type(error).__name__
    return f"cut off ({text})" if "truncated" in text.lower() else f"damaged ({text})"
