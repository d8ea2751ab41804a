"""Kinds of methods as marks: told apart by shape first and by color second."""

from collections.abc import Iterable

from markupsafe import Markup

from strata.reports.model.results import Family
from strata.reports.page.plots.svg import element, number

FAMILIES: tuple[Family, ...] = ("classical", "deep", "fused", "")

#: Corners of the marks that are not round, (x, y) in units of their size.
_CORNERS: dict[Family, list[tuple[float, float]]] = {
    "deep": [(-1, -1), (1, -1), (1, 1), (-1, 1)],
    "fused": [(0, -1.35), (1.35, 0), (0, 1.35), (-1.35, 0)],
    "": [(0, -1.2), (1.15, 0.9), (-1.15, 0.9)],
}

_CALLED: dict[Family, str] = {
    "classical": "classical",
    "deep": "deep",
    "fused": "both, fused",
    "": "other",
}


def mark(family: Family, x: float, y: float, r: float, *, on: bool, tip: str = "") -> Markup:
    """A circle, square, diamond or (for others) triangle around (x, y), filled if `on`."""
    inside = [element("title", tip)] if tip else []
    style = " ".join(part for part in ("dot", family, "on" if on else "") if part)
    if family == "classical":
        return element("circle", *inside, class_=style, cx=x, cy=y, r=r)
    size = 0.9 * r
    corners = _CORNERS[family]
    places = " ".join(f"{number(x + size * dx)},{number(y + size * dy)}" for dx, dy in corners)
    return element("polygon", *inside, class_=style, points=places)


def legend(families: Iterable[Family]) -> Markup | None:
    """The marks with their names; None where there is one kind only, or none is known."""
    found = set(families)
    if len(found) < 2:
        return None
    entries = [
        element(
            "span",
            glyph(family),
            _CALLED[family],
            class_="key",
        )
        for family in FAMILIES
        if family in found
    ]
    return Markup(" ").join(entries)


def glyph(family: Family) -> Markup:
    """The mark as a small drawing of its own, for a table or a legend."""
    return element(
        "svg",
        mark(family, 7, 7, 4.5, on=True),
        class_="glyph",
        viewBox="0 0 14 14",
        width=14,
        height=14,
        aria_hidden="true",
    )
