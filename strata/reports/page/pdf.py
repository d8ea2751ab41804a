"""A styled drawing as a PDF, by matplotlib: only the elements that `svg` makes are known."""

import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element

if TYPE_CHECKING:
    from matplotlib.artist import Artist

#: Points in a CSS pixel.
POINT = 0.75

#: What Helvetica lacks, and what stands for it.
_WRITTEN = str.maketrans({"−": "–", "\u202f": " ", "↓": "(rows)", "→": "(columns)"})


def write_pdf(root: Element, path: Path) -> None:
    """Write the drawing at its own size; text stays text.

    Args:
        root: of a drawing whose style stands in its elements (`styles.styled`).

    Raises:
        OSError: the file cannot be written.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.transforms import Affine2D

    # The metrics of Helvetica that matplotlib has are of a "medium" weight: no news here.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    # One dot of the figure is a point; pixels count from the top.
    to_page = Affine2D().translate(0, -height).scale(POINT, -POINT)
    font_size = root.get("font-size", "12px")
    with rc_context(_fonts(root)):
        figure = Figure(figsize=(POINT * width / 72, POINT * height / 72), dpi=72)
        for order, element in enumerate(root.iter()):
            artist = _artist(element, font_size)
            if artist is not None:
                artist.set_transform(to_page)
                artist.set_zorder(order)
                figure.add_artist(artist)
        figure.savefig(path, format="pdf", metadata={"CreationDate": None})


def _fonts(root: Element) -> Any:
    """Helvetica, which every reader has, where it has all characters; else what is embedded.

    To cut an embedded font down to the characters used takes half a second a drawing.
    """
    texts = "".join(_written(element) for element in root.iter() if element.tag.endswith("}text"))
    try:
        texts.encode("cp1252")
    except UnicodeEncodeError:
        return {"pdf.fonttype": 42, "font.family": "sans-serif"}
    return {"pdf.use14corefonts": True, "font.family": "Helvetica"}


def _written(element: Element) -> str:
    return (element.text or "").translate(_WRITTEN)


def _artist(element: Element, font_size: str) -> "Artist | None":
    from matplotlib import patches

    tag = element.tag.rpartition("}")[2]
    if tag == "text":
        return _text(element, font_size)
    look = _look(element)

    def at(*names: str) -> list[float]:
        return [float(element.get(name, "0")) for name in names]

    match tag:
        case "rect":
            x, y, width, height = at("x", "y", "width", "height")
            return patches.Rectangle((x, y), width, height, **look)
        case "circle":
            x, y, r = at("cx", "cy", "r")
            return patches.Circle((x, y), r, **look)
        case "polygon":
            corners = [tuple(map(float, p.split(","))) for p in element.attrib["points"].split()]
            return patches.Polygon(corners, closed=True, **look)
        case "line":
            x1, y1, x2, y2 = at("x1", "y1", "x2", "y2")
            return patches.PathPatch(_path(f"M{x1} {y1}L{x2} {y2}"), **look)
        case "path":
            return patches.PathPatch(_path(element.attrib["d"]), **look)
    return None


def _path(d: str) -> Any:
    """Of the commands M, L and l, each with one point."""
    from matplotlib.path import Path as Outline

    places: list[tuple[float, float]] = []
    codes = []
    for command, x, y in re.findall(r"([MLl])\s*(-?[\d.]+)[ ,]?(-?[\d.]+)", d):
        dx, dy = places[-1] if command == "l" else (0.0, 0.0)
        places.append((float(x) + dx, float(y) + dy))
        codes.append(Outline.MOVETO if command == "M" else Outline.LINETO)
    return Outline(places, codes)


def _look(element: Element) -> dict[str, Any]:
    opacity = float(element.get("opacity", 1))
    fill, stroke = element.get("fill", "black"), element.get("stroke", "none")
    fill_opacity = opacity * float(element.get("fill-opacity", 1))
    look: dict[str, Any] = {
        "facecolor": (fill, fill_opacity) if fill != "none" else "none",
        "edgecolor": (stroke, opacity) if stroke != "none" else "none",
        "linewidth": POINT * float(element.get("stroke-width", 1)) if stroke != "none" else 0,
    }
    dashes = element.get("stroke-dasharray")
    if dashes:
        width = float(element.get("stroke-width", 1))
        look["linestyle"] = (0, tuple(float(d) / width for d in dashes.replace(",", " ").split()))
    return look


def _text(element: Element, font_size: str) -> "Artist":
    from matplotlib.text import Text

    turned = re.match(r"rotate\((-?[\d.]+)", element.get("transform", ""))
    anchors: dict[str, Any] = {"start": "left", "middle": "center", "end": "right"}
    return Text(
        float(element.get("x", 0)),
        float(element.get("y", 0)),
        _written(element),
        parse_math=False,
        fontsize=POINT * float(element.get("font-size", font_size).removesuffix("px")),
        color=element.get("fill", "black"),
        fontweight="bold" if element.get("font-weight", "400") >= "600" else "normal",
        horizontalalignment=anchors[element.get("text-anchor", "start")],
        verticalalignment="baseline",
        rotation=-float(turned[1]) if turned else 0.0,
        rotation_mode="anchor",
    )
