"""Matrices as SVG: confusion matrix, pairwise matrices of methods, heat map of a sweep grid."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from strata.reports.formatting import percent, shortened
from strata.reports.page.plots.svg import CHARACTER, NAME_CHARACTER, drawing, element, number

#: Number of rows up to which cells are large.
LARGE_CELLS = 12
LONGEST_NAME = 24


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
    scale, so that rare errors stay visible. Counts are means over repeats.
    """
    totals = confusion.sum(axis=1)
    rates = confusion / np.maximum(totals, 1)[:, None]

    def cell(i: int, j: int) -> Cell | None:
        if not confusion[i, j]:
            return None
        shown = number(confusion[i, j] / repeats)
        tip = f"{classes[i]} → {classes[j]}: {shown} of {number(totals[i] / repeats)}"
        shade = rates[i, j] if i == j else np.sqrt(rates[i, j])
        return Cell("correct" if i == j else "incorrect", float(shade), shown, tip)

    accuracy = percent(float(np.trace(confusion) / max(1, confusion.sum())))
    title = f"Confusion matrix, {split}. {accuracy} % of the images are on the diagonal"
    return _matrix(
        classes, cell, title, corner="true ↓  predicted →", texts=len(classes) <= LARGE_CELLS
    )


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

    return _matrix(names, cell, title, texts=len(names) <= 25)


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
    wide, high_cell = max(46.0, CHARACTER * max(map(len, columns)) + 10), 30.0
    left = NAME_CHARACTER * max(max(map(len, rows)), 4) + 12
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
            parts += _cell(cell, left + j * wide, y, wide, True, high_cell)
    width = max(left + wide * len(columns) + 4, CHARACTER * len(corner) + 8)
    return drawing(width, top + high_cell * len(rows) + 4, parts, title)


def _matrix(names: list[str], cells: Cells, title: str, *, corner: str = "", texts: bool) -> Markup:
    """Square matrix with row and column names; `texts` writes values into the cells."""
    n = len(names)
    side = 34.0 if n <= LARGE_CELLS else 26.0 if texts else 14.0
    shown = [shortened(name, LONGEST_NAME) for name in names]
    longest = NAME_CHARACTER * max(len(name) for name in shown)
    upright = n > LARGE_CELLS
    left = longest + 10
    top = (longest if upright else 0.72 * longest) + 12 + (16 if corner else 0)
    parts = [element("rect", class_="frame", x=left, y=top, width=side * n, height=side * n)]
    if corner:
        parts.append(element("text", corner, class_="title", x=2, y=12))
    for i, name in enumerate(shown):
        middle = (i + 0.5) * side
        parts.append(_row_name(name, left - 6, top + middle + 4))
        parts.append(_column_name(name, left + middle + (4 if upright else 0), top - 7, upright))
        for j in range(n):
            cell = cells(i, j)
            if cell is not None:
                parts += _cell(cell, left + j * side, top + i * side, side, texts)
    right = 8 if upright else max(8, 0.72 * longest - side / 2)
    width = max(left + side * n + right, CHARACTER * len(corner) + 8)
    return drawing(width, top + side * n + 4, parts, title)


def _row_name(name: str, x: float, y: float) -> Markup:
    """Right-aligned name of a row."""
    return element("text", name, class_="tick", x=x, y=y, text_anchor="end")


def _column_name(name: str, x: float, y: float, upright: bool) -> Markup:
    """Rotated name of a column."""
    turn = f"rotate({-90 if upright else -45} {number(x)} {number(y)})"
    return element("text", name, class_="tick", x=x, y=y, transform=turn)


def _cell(
    cell: Cell, left: float, top: float, side: float, texts: bool, height: float | None = None
) -> list[Markup]:
    """Rectangle of a cell and its text."""
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
    if texts:
        style = text_style(cell.shade)
        x, y = left + side / 2, top + height / 2 + 4
        parts.append(element("text", cell.text, class_=style, x=x, y=y, text_anchor="middle"))
    return parts
