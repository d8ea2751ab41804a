"""Images with samples of more than 8 bits: their values, and their range where a file states it.

Pillow reads gray images of 16 and 32 bits, but only the high byte of colors of 16 bits, and it
leaves to its caller that black and white may be exchanged and that integers may be unsigned.
"""

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from strata.image_io.formats import FORMATS
from strata.image_io.value_range import Range, to_uint8

if TYPE_CHECKING:
    from PIL import Image

#: TIFF tags: bits and kind of a sample, color space, one plane or several.
_BITS, _KIND, _PHOTOMETRIC, _PLANES = 258, 339, 262, 284


class UnsupportedError(Exception):
    """An image whose samples would be read wrongly; the text says what it is."""


@dataclass(frozen=True)
class DeepImage:
    """An image with samples of more than 8 bits, decoded.

    Attributes:
        image: Pillow's picture: the values of a gray image, the high bytes of a color image.
        low: low bytes of a color image.
        stated: range of the values, where the file states it.
        unsigned: 32-bit integers are unsigned.
        inverted: 0 is white.
        transparent: gray value, or (r, g, b), of transparent pixels.
        premultiplied: colors have been multiplied by the opacity.
        paired: `image` holds the bytes of a gray value and of its opacity, two of each.
    """

    image: "Image.Image"
    low: "Image.Image | None" = None
    stated: Range | None = None
    unsigned: bool = False
    inverted: bool = False
    transparent: Any = None
    premultiplied: bool = False
    paired: bool = False

    def values(self, top: int, bottom: int) -> np.ndarray:
        """Values of some rows, (h, W) or (h, W, channels), opacity last."""
        part = np.asarray(rows(self.image, top, bottom))
        if self.paired:
            pairs = part.astype(np.uint16).reshape(*part.shape[:2], 2, 2)
            return (pairs[..., 0] << 8 | pairs[..., 1])[:, :, (0, 0, 0, 1)]
        if self.low is None:
            native = part.astype(part.dtype.newbyteorder("="), copy=False)
            return native.view(np.uint32) if self.unsigned else native
        return part.astype(np.uint16) << 8 | np.asarray(rows(self.low, top, bottom))

    def rgb(self, top: int, bottom: int, value_range: Range) -> np.ndarray:
        """Some rows scaled to 0..255, (h, W, 3) uint8, transparent pixels white."""
        from PIL import Image

        values = self.values(top, bottom)
        scaled = to_uint8(values, value_range)
        if self.inverted:
            scaled = 255 - scaled
        if self.transparent is not None:
            hit = values == np.asarray(self.transparent, values.dtype)
            scaled[hit.all(-1) if values.ndim == 3 else hit] = 255
        if scaled.ndim == 2:
            return np.repeat(scaled[:, :, None], 3, axis=2)
        if scaled.shape[2] == 4:
            if self.premultiplied:
                rest = 255 - scaled[:, :, 3:].astype(np.uint16)
                return np.minimum(scaled[:, :, :3] + rest, 255).astype(np.uint8)
            return np.asarray(on_white(Image.fromarray(scaled)))
        return scaled


def deep_image(opened: "Image.Image", data: bytes) -> DeepImage | None:
    """Decode an image whose samples have more than 8 bits; None for one of 8 bits or fewer.

    Args:
        opened: the image, opened but not decoded.
        data: the file's content.

    Raises:
        UnsupportedError: colors of 16 bits in separate planes.
    """
    tags = opened.tag_v2 if opened.format == "TIFF" else {}  # type: ignore[attr-defined]
    wide = is_wide(opened)
    if max(tags.get(_BITS, (1,))) > 8 and tags.get(_PLANES) == 2 and len(opened.getbands()) > 1:
        raise UnsupportedError(
            "a TIFF of 16-bit colors in separate planes, which is not read; save it with "
            "interleaved colors, as by ImageMagick's `magick FILE FILE.png`"
        )
    if not wide and opened.mode[0] not in "IF":
        return None
    transparent = opened.info.get("transparency")
    if wide and raw_mode(opened).startswith("LA"):
        return DeepImage(_reopened(data, lambda _: "RGBA"), paired=True)
    if wide:
        low = _reopened(data, _low_raw_mode)
        high = _reopened(data, _plain_raw_mode)
        premultiplied = raw_mode(opened).startswith("RGBa")
        return DeepImage(high, low, transparent=transparent, premultiplied=premultiplied)
    unsigned = opened.mode == "I" and tags.get(_BITS) == (32,) and tags.get(_KIND, (1,)) == (1,)
    stated = (0.0, 4095.0) if tags.get(_BITS) == (12,) else None
    opened.load()
    return DeepImage(
        opened,
        stated=stated,
        unsigned=unsigned,
        inverted=tags.get(_PHOTOMETRIC) == 0,
        transparent=transparent,
    )


def is_wide(opened: "Image.Image") -> bool:
    """True for colors of 16 bits, of which Pillow would keep the high bytes."""
    return opened.mode in ("RGB", "RGBA") and ";16" in raw_mode(opened)


def is_signed(opened: "Image.Image") -> bool:
    """True for 8-bit integers from -128 to 127."""
    return opened.format == "TIFF" and opened.mode == "L" and opened.tag_v2.get(_KIND) == (2,)  # type: ignore[attr-defined]


def rows(image: "Image.Image", top: int, bottom: int) -> "Image.Image":
    """Rows from `top` to `bottom` of an image, the image itself where these are all."""
    whole = top == 0 and bottom == image.height
    return image if whole else image.crop((0, top, image.width, bottom))


def on_white(image: "Image.Image") -> "Image.Image":
    """An RGBA image on a white ground, as RGB."""
    from PIL import Image

    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def raw_mode(opened: "Image.Image") -> str:
    """Layout of the samples in the file, by Pillow's name of it; "" where it has none."""
    tile = getattr(opened, "tile", None)
    args = tile[0].args if tile else ""
    found = args if isinstance(args, str) else (args or ("",))[0]
    return found if isinstance(found, str) else ""


def _reopened(data: bytes, relabel: Callable[[str], str]) -> "Image.Image":
    """Decode an image again, its samples laid out by another raw mode."""
    from PIL import Image

    opened = Image.open(io.BytesIO(data), formats=FORMATS)
    mode = relabel(raw_mode(opened))
    opened.tile = [
        tile._replace(args=(mode, *tile.args[1:]) if isinstance(tile.args, tuple) else mode)
        for tile in opened.tile
    ]
    opened.load()
    return opened


def _plain_raw_mode(mode: str) -> str:
    """Raw mode of the high bytes, without a division by the opacity."""
    return mode.replace("RGBa", "RGBA")


def _low_raw_mode(mode: str) -> str:
    """Raw mode that takes the low byte of each 16-bit sample where `mode` takes the high one."""
    big = mode.endswith("B") or (mode.endswith("N") and sys.byteorder == "big")
    return _plain_raw_mode(mode[:-1] + ("L" if big else "B"))
