"""The one image reader of the program: any common file in, RGB uint8 out."""

import contextlib
import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from strata.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

#: Pillow's names of the formats that are read, the commonest first; anything else is refused, so
#: that a file's content never picks an exotic decoder.
FORMATS = ("JPEG", "PNG", "BMP", "DIB", "GIF", "TIFF", "WEBP")

#: Suffixes, in lower case, by which files count as images.
SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".tif", ".tiff", ".webp", ".gif")
)

#: More pixels than this are taken for a decompression bomb (Pillow's own limit for errors).
MAX_PIXELS = 178_956_970

_ORIENTATION_TAG = 0x0112


class ImageError(InputError):
    """An image that cannot be read.

    Args:
        name: the file's path, or what stands for it.
        reason: why it cannot be read, in a few words.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.name, self.reason)


def read_image(source: Path | bytes) -> "np.ndarray":
    """Read an image completely.

    Args:
        source: a file's path, or a file's content. JPEG, PNG, BMP, TIFF, WebP or GIF, told by
            content and not by suffix; of several frames the first.

    Returns:
        uint8 (H, W, 3), RGB, writable, with the EXIF orientation applied. Transparent pixels
        show white behind them; 16-bit grays are scaled from 0..65535 to 0..255; see
        `_high_depth_to_uint8` for grays of 32 bits.

    Raises:
        ImageError: missing, empty, cut off, damaged, not an image, or too large.
    """
    name = "image" if isinstance(source, bytes) else str(source)
    data = source if isinstance(source, bytes) else read_content(source)
    if not data:
        raise ImageError(name, "the file is empty")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # oddities that Pillow reads past are no news here
        try:
            return _decode(data)
        except _TooLargeError as error:
            raise ImageError(name, str(error)) from None
        except Exception as error:  # Pillow's decoders answer mangled bytes with any exception
            raise ImageError(name, _reason(error)) from error


def downscale(image: "np.ndarray", largest: int) -> "np.ndarray":
    """An image of no more than largest x largest pixels, its shape kept, areas averaged.

    Args:
        image: uint8 (H, W, 3); one that is small enough comes back as it is.
        largest: side of the square of as many pixels, at least 1.
    """
    import cv2

    height, width = image.shape[:2]
    scale = largest / (height * width) ** 0.5
    if scale >= 1:
        return image
    size = max(1, int(width * scale)), max(1, int(height * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def read_content(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        ImageError: it cannot be opened.
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


def _decode(data: bytes) -> "np.ndarray":
    import numpy as np
    from PIL import Image

    with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
        width, height = opened.size
        if width * height > MAX_PIXELS:
            raise _TooLargeError(
                f"{width} x {height} pixels are more than the {MAX_PIXELS:,} that are read"
            )
        opened.load()
        # np.array(image) would have Pillow serialize the pixels twice
        return np.asarray(_upright(_to_rgb(opened), opened)).copy()


def _to_rgb(image: "Image.Image") -> "Image.Image":
    from PIL import Image

    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_high_depth_to_uint8(image)).convert("RGB")
    if image.mode == "LAB":
        from PIL import ImageCms

        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
        assert converted is not None  # only in-place conversions answer None
        return converted
    if "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        pixels = image.convert("RGBA")
        white = Image.new("RGBA", pixels.size, "white")
        return Image.alpha_composite(white, pixels).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _high_depth_to_uint8(image: "Image.Image") -> "np.ndarray":
    """Grays of more than 8 bits to uint8 (H, W).

    16-bit integers have the range 0..65535. Files with 32-bit integers or floats do not say
    theirs, so it is taken to be the smallest of 0..1 (floats only), 0..255 and 0..65535 that
    holds the image, and else the image's own range. What is not finite becomes 0.
    """
    import numpy as np

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
    """Turn an image as its EXIF orientation asks; a damaged EXIF block asks for nothing."""
    from PIL.Image import Transpose

    orientation = None
    with contextlib.suppress(Exception):  # parsing foreign EXIF raises nearly anything
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
    from PIL import Image, UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return "damaged, or not an image that can be read (JPEG, PNG, BMP, TIFF, WebP, GIF)"
    if isinstance(error, Image.DecompressionBombError):
        return f"more than the {MAX_PIXELS:,} pixels that are read"
    if isinstance(error, MemoryError):
        return "too large for the memory"
    text = str(error) or type(error).__name__
    return f"cut off ({text})" if "truncated" in text.lower() else f"damaged ({text})"
