"""Matrices as SVG: confusion matrix, pairwise matrices of methods, heat map of a sweep grid."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from strata.reports.formatting import percent, shortened
from strata.reports.page.plots.svg import (
    CHARACTER,
    NAME_CHARACTER,
    drawing,
    element,
    number,
    text_width,
)

#: Number of rows up to which cells are large.
LARGE_CELLS = 12
#: Size of a cell in pixels and CSS class of the number in it, by the number of rows up to which
#: they are used; beyond, cells have no numbers.
CELLS = ((LARGE_CELLS, 34.0, ""), (25, 26.0, ""), (40, 20.0, "small"), (64, 13.0, "tiny"))
#: Width of a digit in pixels by that class; a number that is wider than its cell is left out.
DIGITS = {"": 6.4, "small": 5.3, "tiny": 4.5}
#: Size of a cell in the largest matrices.
LEAST_CELL = 9.0
LONGEST_NAME = 24
#: Shares of a class in the scale of a confusion matrix.
SCALE = (0.01, 0.05, 0.2, 0.5, 1.0)
#: Room for the text beside the scale, in pixels.
SCALE_TEXT = 148.0
#: Width of a swatch.
SWATCH = 32.0


def text_style(shade: float) -> str:
    """CSS class of the text on a cell: its color turns at shades that depend on the theme."""
    return "count over" if shade > 0.78 else "count mid" if shade > 0.58 else "count"


class Cell(NamedTuple):
    """One cell: hue ("correct" or "incorrect"), shade in [0, 1], text and tooltip."""

    hue: str
    shade: float
    text: str
    tip: str


Cells = Callable[[int, int], Cell | None]


def confusion_drawing(
    confusion: np.ndarray, classes: list[str], repeats: int, split: str
) -> Markup:
    """Confusion matrix: rows are true classes, columns predicted ones, shade is the row's fraction.

    Correct and incorrect cells have their own hue; incorrect ones are shaded on a square-root
    scale, so that rare errors stay visible. Counts are means over repeats. A scale is below.
    """
    totals = confusion.sum(axis=1)
    rates = confusion / np.maximum(totals, 1)[:, None]

    def cell(i: int, j: int) -> Cell | None:
        if not confusion[i, j]:
            return None
        shown = number(confusion[i, j] / repeats)
        tip = f"{classes[i]} → {classes[j]}: {shown} of {number(totals[i] / repeats)}"
        return Cell(_hue(i == j), _shade(float(rates[i, j]), i == j), shown, tip)

    accuracy = percent(float(np.trace(confusion) / max(1, confusion.sum())))
    title = f"Confusion matrix, {split}. {accuracy} % of the images are on the diagonal"
    return _matrix(classes, cell, title, corner="true ↓  predicted →", scale=True)


def _hue(right: bool) -> str:
    return "correct" if right else "incorrect"


def _shade(rate: float, right: bool) -> float:
    """Shade of a fraction of a class: linear where correct, by its square root where not."""
    return rate if right else rate**0.5


def _scale(left: float, top: float) -> list[Markup]:
    """Scale of the shades: swatches of some fractions of a class, correct and incorrect."""
    parts = []
    wide, high = SWATCH, 18.0
    for row, right in enumerate((True, False)):
        y = top + row * (high + 3)
        name = f"% of class, {_hue(right)}"
        parts.append(element("text", name, class_="title", x=left, y=y + high / 2 + 4))
        for column, rate in enumerate(SCALE):
            text = percent(rate, 0)
            cell = Cell(f"{_hue(right)} scale", _shade(rate, right), text, f"{text} % of the class")
            x = left + SCALE_TEXT + column * wide
            parts += _cell(cell, x, y, wide, "", high)
    return parts


def pairwise_drawing(
    shares: np.ndarray, names: list[str], title: str, tip: str, *, hue: str = "correct"
) -> Markup:
    """Symmetric matrix of fractions for pairs of methods, shaded from the smallest to the largest.

    Args:
        shares: (m, m) float, symmetric; the diagonal is not drawn.
        tip: tooltip of a cell, a format string for two names and the percentage.
        hue: of the cells, "correct" or "incorrect".
    """
    pairs = shares[~np.eye(len(shares), dtype=bool)]
    low, high = float(pairs.min()), float(pairs.max())

    def cell(i: int, j: int) -> Cell | None:
        if i == j:
            return None
        value = float(shares[i, j])
        shade = 0.1 + 0.7 * (value - low) / max(1e-9, high - low)
        text = tip.format(names[i], names[j], percent(value))
        return Cell(hue, shade, percent(value, 0), text)

    return _matrix(names, cell, title)


def heat_map(
    values: Sequence[Sequence[float | None]],
    tips: Sequence[Sequence[str]],
    rows: Sequence[str],
    columns: Sequence[str],
    corner: str,
    title: str,
) -> Markup:
    """Heat map of fractions, labeled in percent and shaded from the lowest to the highest."""
    there = [value for line in values for value in line if value is not None]
    low, high = min(there, default=0.0), max(there, default=1.0)
    wide, high_cell = max(46.0, max(map(text_width, columns)) + 10), 30.0
    left = max(30.0, *(text_width(name, NAME_CHARACTER) for name in rows)) + 12
    top = 48.0
    parts = [element("text", corner, class_="title", x=2, y=12)]
    for j, name in enumerate(columns):
        x = left + (j + 0.5) * wide
        parts.append(element("text", name, class_="tick", x=x, y=top - 8, text_anchor="middle"))
    for i, name in enumerate(rows):
        y = top + i * high_cell
        parts.append(_row_name(name, left - 6, y + high_cell / 2 + 4))
        for j, value in enumerate(values[i]):
            if value is None:
                continue
            shade = 0.08 + 0.8 * (value - low) / max(1e-9, high - low)
            cell = Cell("correct", shade, percent(value), tips[i][j])
            parts += _cell(cell, left + j * wide, y, wide, "", high_cell)
    width = max(left + wide * len(columns) + 4, CHARACTER * len(corner) + 8)
    return drawing(width, top + high_cell * len(rows) + 4, parts, title)


def _matrix(
    names: list[str], cells: Cells, title: str, *, corner: str = "", scale: bool = False
) -> Markup:
    """Square matrix with row and column names, values in its cells as far as there is room."""
    n = len(names)
    sizes = ((side, style) for most, side, style in CELLS if n <= most)
    side, style = next(sizes, (LEAST_CELL, None))
    shown = [shortened(name, LONGEST_NAME) for name in names]
    longest = max(text_width(name, NAME_CHARACTER) for name in shown)
    upright = n > LARGE_CELLS
    small = "tick" if side > 11 else "tick small"
    left = longest + 10
    top = (longest if upright else 0.72 * longest) + 12 + (16 if corner else 0)
    parts = [element("rect", class_="frame", x=left, y=top, width=side * n, height=side * n)]
    if corner:
        parts.append(element("text", corner, class_="title", x=2, y=12))
    for i, name in enumerate(shown):
        middle = (i + 0.5) * side
        parts.append(_row_name(name, left - 6, top + middle + 4, small))
        x = left + middle + (4 if upright else 0)
        parts.append(_column_name(name, x, top - 7, upright, small))
        for j in range(n):
            cell = cells(i, j)
            if cell is not None:
                parts += _cell(cell, left + j * side, top + i * side, side, style)
    right = 8 if upright else max(8, 0.72 * longest - side / 2)
    width = max(left + side * n + right, CHARACTER * len(corner) + 8)
    height = top + side * n + 4
    if scale:
        parts += _scale(2, height + 10)
        width, height = max(width, SCALE_TEXT + SWATCH * len(SCALE) + 6), height + 54
    return drawing(width, height, parts, title)


def _row_name(name: str, x: float, y: float, class_: str = "tick") -> Markup:
    """Right-aligned name of a row."""
    return element("text", name, class_=class_, x=x, y=y, text_anchor="end")


def _column_name(name: str, x: float, y: float, upright: bool, class_: str) -> Markup:
    """Rotated name of a column."""
    turn = f"rotate({-90 if upright else -45} {number(x)} {number(y)})"
    return element("text", name, class_=class_, x=x, y=y, transform=turn)


def _cell(
    cell: Cell, left: float, top: float, side: float, style: str | None, height: float | None = None
) -> list[Markup]:
    """Rectangle of a cell and its text, of a further CSS class; no text where it is None."""
    height = height or side
    parts = [
        element(
            "rect",
            element("title", cell.tip),
            class_=f"cell {cell.hue}",
            x=left + 0.5,
            y=top + 0.5,
            width=side - 1,
            height=height - 1,
            fill_opacity=f"{max(0.06, min(1.0, cell.shade)):.2f}",
        )
    ]
    if style is not None and DIGITS[style] * len(cell.text) < side:
        class_ = f"{text_style(cell.shade)} {style}".rstrip()
        x, y = left + side / 2, top + height / 2 + (4 if style != "tiny" else 3)
        parts.append(element("text", cell.text, class_=class_, x=x, y=y, text_anchor="middle"))
    return parts
