"""Conversion of a styled SVG drawing to PDF with matplotlib; knows only the elements of `svg`."""

import logging
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element

from strata.reports.page.fonts import fonts_for

if TYPE_CHECKING:
    from matplotlib.artist import Artist

#: Points per CSS pixel.
POINT = 0.75

#: Replacements of characters that Helvetica lacks.
_REPLACEMENTS = str.maketrans({"−": "–", "\u202f": " ", "↓": "(rows)", "→": "(columns)"})


def write_pdf(root: Element, path: Path) -> str:
    """Write the drawing as a one-page PDF of its own size; text stays text.

    Args:
        root: of a drawing whose style is inlined in its elements (`svg_styles.styled`).
        path: of the PDF.

    Returns:
        The characters that no font on this computer has; boxes take their place.

    Raises:
        OSError: the file cannot be written.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.transforms import Affine2D

    # matplotlib warns that its metrics of Helvetica are of a "medium" weight.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    # Figure dots are points; SVG pixels count from the top.
    to_page = Affine2D().translate(0, -height).scale(POINT, -POINT)
    font_size = root.get("font-size", "12px")
    settings, missing = _fonts(root)
    with rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = Figure(figsize=(POINT * width / 72, POINT * height / 72), dpi=72)
        for order, element in enumerate(root.iter()):
            artist = _artist(element, font_size)
            if artist is not None:
                artist.set_transform(to_page)
                artist.set_zorder(order)
                figure.add_artist(artist)
        figure.savefig(path, format="pdf", metadata={"CreationDate": None})
    return missing


def _fonts(root: Element) -> tuple[Any, str]:
    """Font settings, and the characters that no font has.

    Helvetica, built into every reader, if it has all characters; else fonts that are embedded,
    whose subsetting takes half a second per drawing.
    """
    texts = "".join(_text_of(element) for element in root.iter() if element.tag.endswith("}text"))
    try:
        texts.encode("cp1252")
    except UnicodeEncodeError:
        families, missing = fonts_for(frozenset(texts))
        return {"pdf.fonttype": 42, "font.family": list(families)}, missing
    return {"pdf.use14corefonts": True, "font.family": "Helvetica"}, ""


def _text_of(element: Element) -> str:
    """Text of an element in characters that Helvetica has."""
    return (element.text or "").translate(_REPLACEMENTS)


def _artist(element: Element, font_size: str) -> "Artist | None":
    """Matplotlib artist of one element; None for elements that draw nothing."""
    from matplotlib import patches

    tag = element.tag.rpartition("}")[2]
    if tag == "text":
        return _text(element, font_size)
    style = _paint(element)

    def at(*names: str) -> list[float]:
        return [float(element.get(name, "0")) for name in names]

    match tag:
        case "rect":
            x, y, width, height = at("x", "y", "width", "height")
            return patches.Rectangle((x, y), width, height, **style)
        case "circle":
            x, y, r = at("cx", "cy", "r")
            return patches.Circle((x, y), r, **style)
        case "polygon":
            corners = [tuple(map(float, p.split(","))) for p in element.attrib["points"].split()]
            return patches.Polygon(corners, closed=True, **style)
        case "line":
            x1, y1, x2, y2 = at("x1", "y1", "x2", "y2")
            return patches.PathPatch(_path(f"M{x1} {y1}L{x2} {y2}"), **style)
        case "path":
            return patches.PathPatch(_path(element.attrib["d"]), **style)
    return None


def _path(d: str) -> Any:
    """Path of the commands M, L and l, each with one point."""
    from matplotlib.path import Path as Outline

    points: list[tuple[float, float]] = []
    codes = []
    for command, x, y in re.findall(r"([MLl])\s*(-?[\d.]+)[ ,]?(-?[\d.]+)", d):
        dx, dy = points[-1] if command == "l" else (0.0, 0.0)
        points.append((float(x) + dx, float(y) + dy))
        codes.append(Outline.MOVETO if command == "M" else Outline.LINETO)
    return Outline(points, codes)


def _paint(element: Element) -> dict[str, Any]:
    """Fill, stroke, line width and dashes as properties of a matplotlib patch."""
    opacity = float(element.get("opacity", 1))
    fill, stroke = element.get("fill", "black"), element.get("stroke", "none")
    fill_opacity = opacity * float(element.get("fill-opacity", 1))
    style: dict[str, Any] = {
        "facecolor": (fill, fill_opacity) if fill != "none" else "none",
        "edgecolor": (stroke, opacity) if stroke != "none" else "none",
        "linewidth": POINT * float(element.get("stroke-width", 1)) if stroke != "none" else 0,
    }
    dashes = element.get("stroke-dasharray")
    if dashes:
        width = float(element.get("stroke-width", 1))
        style["linestyle"] = (0, tuple(float(d) / width for d in dashes.replace(",", " ").split()))
    return style


def _text(element: Element, font_size: str) -> "Artist":
    """Matplotlib text of a text element."""
    from matplotlib.text import Text

    rotation = re.match(r"rotate\((-?[\d.]+)", element.get("transform", ""))
    anchors: dict[str, Any] = {"start": "left", "middle": "center", "end": "right"}
    return Text(
        float(element.get("x", 0)),
        float(element.get("y", 0)),
        _text_of(element),
        parse_math=False,
        fontsize=POINT * float(element.get("font-size", font_size).removesuffix("px")),
        color=element.get("fill", "black"),
        fontweight="bold" if element.get("font-weight", "400") >= "600" else "normal",
        horizontalalignment=anchors[element.get("text-anchor", "start")],
        verticalalignment="baseline",
        rotation=-float(rotation[1]) if rotation else 0.0,
        rotation_mode="anchor",
    )
