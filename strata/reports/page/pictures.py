"""Pictures of the page: embedded once each as SVG symbols, within a byte budget."""

import base64
import io
import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from markupsafe import Markup
from PIL import Image

from strata.reports.model.visualizations import Panel
from strata.reports.page.plots.svg import element

#: Size of all embedded pictures of one page, in bytes of base64.
BUDGET = 3_400_000

#: Longest side of a full-size picture, in pixels.
FULL_SIDE = 1600

#: Largest integer factor by which an enlarged panel is scaled up, and its largest width in pixels.
MAX_SCALE, MAX_WIDTH = 24, 640


class PictureReference(NamedTuple):
    """Reference to an embedded picture.

    Attributes:
        symbol: id of the SVG symbol.
        full_size: path of the full-size picture next to the page, or "".
        width, height: of the embedded picture, in pixels.
        whole: show it in its own size; others fit into frames of one size.
    """

    symbol: str
    full_size: str
    width: int
    height: int
    whole: bool


class Pictures:
    """Embedded pictures as symbols of one SVG, to which the page refers wherever it shows them.

    Args:
        thumbnail: returns the picture of an image id, uint8 (H, W, 3) RGB.
        side: longest side in pixels.
        budget: bytes in all; pictures that exceed it are left out and counted.
        full_size: whether to link full-size pictures next to the page (see `full`).
    """

    def __init__(
        self,
        thumbnail: Callable[[str], np.ndarray],
        *,
        side: int = 132,
        budget: int = BUDGET,
        full_size: bool = False,
    ) -> None:
        self.left_out = 0
        self.bytes = 0
        self._thumbnail, self._side, self._budget, self._full_size = (
            thumbnail,
            side,
            budget,
            full_size,
        )
        self._shown: dict[str, PictureReference | None] = {}
        self._symbols: list[Markup] = []

    def show(self, image: str) -> PictureReference | None:
        """Reference to the thumbnail of an image; None if unreadable or over the budget."""
        if image not in self._shown:
            self._shown[image] = self._image(image)
        return self._shown[image]

    def panel(self, panel: Panel) -> PictureReference | None:
        """Reference to the picture of a visualization's panel."""
        picture = np.ascontiguousarray(panel.picture, np.uint8)
        if panel.enlarged:
            scale = max(1, min(MAX_SCALE, MAX_WIDTH // picture.shape[1]))
            data = png(picture)
            height, width = (scale * side for side in picture.shape[:2])
            return self._keep(data, "png", width, height, whole=True, sharp=True)
        data, width, height = jpeg(picture, 2 * self._side, quality=80)
        return self._keep(data, "jpeg", width, height, whole=True)

    @property
    def symbols(self) -> Markup:
        """The hidden SVG that holds all embedded pictures so far."""
        if not self._symbols:
            return Markup("")
        return element(
            "svg", Markup("").join(self._symbols), class_="hidden", width=0, height=0,
            aria_hidden="true",
        )  # fmt: skip

    @property
    def full(self) -> dict[str, str]:
        """Image id by the path of its full-size picture."""
        return {
            shown.full_size: image
            for image, shown in self._shown.items()
            if shown and shown.full_size
        }

    def _image(self, image: str) -> PictureReference | None:
        """Embed the thumbnail of an image; None if it cannot be read."""
        try:
            picture = np.ascontiguousarray(self._thumbnail(image), np.uint8)
            data, width, height = jpeg(picture, self._side)
        except Exception:  # a missing file must not stop the report
            return None
        full_size = f"pictures/{_file_name(image)}" if self._full_size else ""
        return self._keep(data, "jpeg", width, height, full_size=full_size)

    def _keep(
        self,
        data: bytes,
        kind: str,
        width: int,
        height: int,
        *,
        full_size: str = "",
        whole: bool = False,
        sharp: bool = False,
    ) -> PictureReference | None:
        """Embed encoded data as a symbol; None if it exceeds the budget."""
        address = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
        if self.bytes + len(address) > self._budget:
            self.left_out += 1
            return None
        self.bytes += len(address)
        name = f"p{len(self._symbols)}"
        image = element(
            "image", href=address, width=width, height=height, preserveAspectRatio="none",
            class_="sharp" if sharp else None,
        )  # fmt: skip
        self._symbols.append(
            element(
                "symbol",
                image,
                id=name,
                viewBox=f"0 0 {width} {height}",
                preserveAspectRatio="xMidYMid meet",  # whole: the object may be at the edge
            )
        )
        return PictureReference(name, full_size, width, height, whole)


def full_picture(picture: np.ndarray) -> bytes:
    """The full-size picture as a JPEG file, at most `FULL_SIDE` pixels long."""
    return jpeg(picture, FULL_SIDE, quality=88)[0]


def jpeg(picture: np.ndarray, side: int, quality: int = 74) -> tuple[bytes, int, int]:
    """JPEG data of a picture scaled down to a longest side, with width and height."""
    image = Image.fromarray(np.ascontiguousarray(picture, np.uint8))
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue(), image.width, image.height


def png(picture: np.ndarray) -> bytes:
    """A picture (h, w, 3) uint8 as a PNG file."""
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG", optimize=True)
    return out.getvalue()


def _file_name(image: str) -> str:
    """Unique plain file name of an image id."""
    return re.sub(r"[^A-Za-z0-9.-]", lambda c: f"_{ord(c[0]):x}_", image) + ".jpg"
