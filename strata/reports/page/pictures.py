"""Pictures on the page: each stands in it once, however often it is shown, within a budget."""

import base64
import io
import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from strata.reports.model.visualizations import Panel
from strata.reports.page.plots.svg import element

#: Bytes of all pictures of one page together, as they stand in the file.
BUDGET = 3_400_000

#: Longest side of a picture that lies beside the page, in pixels.
FULL_SIDE = 1600

#: An enlarged tile is scaled up by a whole number: so many times, and so wide in pixels, at most.
TIMES, WIDEST = 24, 640


class Shown(NamedTuple):
    """Where a picture is to be had.

    Attributes:
        symbol: id of the drawing that holds it.
        beside: path of the full picture beside the page, or "".
        width, height: of the small picture, pixels.
        whole: all of it is to be seen; others may be cut to the shape of their frame.
    """

    symbol: str
    beside: str
    width: int
    height: int
    whole: bool


class Pictures:
    """Small pictures as symbols of one drawing, which the page refers to wherever it shows them.

    Args:
        thumbnail: the picture of an image id, uint8 (H, W, 3) RGB.
        side: longest side in pixels.
        budget: bytes in all; pictures that no longer fit are left out and counted.
        beside: whether full pictures lie beside the page (see `full`).
    """

    def __init__(
        self,
        thumbnail: Callable[[str], np.ndarray],
        *,
        side: int = 132,
        budget: int = BUDGET,
        beside: bool = False,
    ) -> None:
        self.left_out = 0
        self.bytes = 0
        self._thumbnail, self._side, self._budget, self._beside = thumbnail, side, budget, beside
        self._shown: dict[str, Shown | None] = {}
        self._symbols: list[Markup] = []

    def show(self, image: str) -> Shown | None:
        """A small picture of an image; None for what cannot or may not be shown."""
        if image not in self._shown:
            self._shown[image] = self._image(image)
        return self._shown[image]

    def tile(self, tile: Panel) -> Shown | None:
        """A picture of an exhibit, each shown once."""
        picture = np.ascontiguousarray(tile.picture, np.uint8)
        if tile.enlarged:
            times = max(1, min(TIMES, WIDEST // picture.shape[1]))
            data = png(picture)
            height, width = (times * side for side in picture.shape[:2])
            return self._keep(data, "png", width, height, whole=True, sharp=True)
        data, width, height = _jpeg(picture, 2 * self._side, quality=80)
        return self._keep(data, "jpeg", width, height, whole=True)

    @property
    def symbols(self) -> Markup:
        """The drawing that holds all pictures shown so far; it is itself not seen."""
        if not self._symbols:
            return Markup("")
        return element(
            "svg", Markup("").join(self._symbols), class_="hidden", width=0, height=0,
            aria_hidden="true",
        )  # fmt: skip

    @property
    def full(self) -> dict[str, str]:
        """Image id by the path that its full picture is expected at, beside the page."""
        return {
            shown.beside: image for image, shown in self._shown.items() if shown and shown.beside
        }

    def _image(self, image: str) -> Shown | None:
        try:
            picture = np.ascontiguousarray(self._thumbnail(image), np.uint8)
            data, width, height = _jpeg(picture, self._side)
        except Exception:  # a missing file costs a picture, not the page
            return None
        beside = f"pictures/{_file_name(image)}" if self._beside else ""
        return self._keep(data, "jpeg", width, height, beside=beside)

    def _keep(
        self,
        data: bytes,
        kind: str,
        width: int,
        height: int,
        *,
        beside: str = "",
        whole: bool = False,
        sharp: bool = False,
    ) -> Shown | None:
        address = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
        if self.bytes + len(address) > self._budget:
            self.left_out += 1
            return None
        self.bytes += len(address)
        name = f"p{len(self._symbols)}"
        inside = element(
            "image", href=address, width=width, height=height, preserveAspectRatio="none",
            class_="sharp" if sharp else None,
        )  # fmt: skip
        self._symbols.append(
            element(
                "symbol",
                inside,
                id=name,
                viewBox=f"0 0 {width} {height}",
                preserveAspectRatio=f"xMidYMid {'meet' if whole else 'slice'}",
            )
        )
        return Shown(name, beside, width, height, whole)


def full_picture(picture: np.ndarray) -> bytes:
    """The picture as the JPEG that lies beside the page, at most `FULL_SIDE` pixels long."""
    return _jpeg(picture, FULL_SIDE, quality=88)[0]


def _jpeg(picture: np.ndarray, side: int, quality: int = 74) -> tuple[bytes, int, int]:
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(picture, np.uint8))
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue(), image.width, image.height


def png(picture: np.ndarray) -> bytes:
    """A picture (h, w, 3) uint8 as a PNG file."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG", optimize=True)
    return out.getvalue()


def _file_name(image: str) -> str:
    """One plain file name for an image id, different for different ids."""
    return re.sub(r"[^A-Za-z0-9.-]", lambda c: f"_{ord(c[0]):x}_", image) + ".jpg"
