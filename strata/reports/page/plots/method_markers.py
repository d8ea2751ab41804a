"""Markers of method kinds: distinguished by shape first and by color second."""

from collections.abc import Iterable

from markupsafe import Markup

from strata.reports.model.results import MethodKind
from strata.reports.page.plots.svg import element, number

METHOD_KINDS: tuple[MethodKind, ...] = ("classical", "deep", "fused", "")

#: Corners of the polygonal markers, (x, y) in units of their size.
_CORNERS: dict[MethodKind, list[tuple[float, float]]] = {
    "deep": [(-1, -1), (1, -1), (1, 1), (-1, 1)],
    "fused": [(0, -1.35), (1.35, 0), (0, 1.35), (-1.35, 0)],
    "": [(0, -1.2), (1.15, 0.9), (-1.15, 0.9)],
}

_KIND_NAMES: dict[MethodKind, str] = {
    "classical": "classical",
    "deep": "deep",
    "fused": "fused",
    "": "other",
}


def marker(kind: MethodKind, x: float, y: float, r: float, *, on: bool, tip: str = "") -> Markup:
    """A circle, square, diamond or (unknown kind) triangle at (x, y), filled if `on`."""
    title = [element("title", tip)] if tip else []
    style = " ".join(part for part in ("dot", kind, "on" if on else "") if part)
    if kind == "classical":
        return element("circle", *title, class_=style, cx=x, cy=y, r=r)
    size = 0.9 * r
    corners = _CORNERS[kind]
    points = " ".join(f"{number(x + size * dx)},{number(y + size * dy)}" for dx, dy in corners)
    return element("polygon", *title, class_=style, points=points)


def legend(kinds: Iterable[MethodKind]) -> Markup | None:
    """Markers with their names; None with fewer than two kinds."""
    found = set(kinds)
    if len(found) < 2:
        return None
    entries = [
        element(
            "span",
            glyph(kind),
            _KIND_NAMES[kind],
            class_="key",
        )
        for kind in METHOD_KINDS
        if kind in found
    ]
    return Markup(" ").join(entries)


def glyph(kind: MethodKind) -> Markup:
    """The marker as a small SVG of its own, for a table or a legend."""
    return element(
        "svg",
        marker(kind, 7, 7, 4.5, on=True),
        class_="glyph",
        viewBox="0 0 14 14",
        width=14,
        height=14,
        aria_hidden="true",
    )
