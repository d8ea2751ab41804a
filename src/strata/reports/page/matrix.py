"""Square matrices as drawings: who was taken for whom, which methods agree."""

import numpy as np
from markupsafe import Markup

from strata.reports.page.svg import CHARACTER, drawing, element, number
from strata.reports.text import percent

#: Above this many rows cells are small and hold no text.
ROOMY = 12


def confusion_drawing(
    confusion: np.ndarray, classes: list[str], repeats: int, split: str
) -> Markup:
    """Rows are the true classes, columns the predicted ones, shade is the part of the row.

    Right and wrong have their own hue; the wrong ones are shaded on a square-root scale, so that
    a few mistakes stay visible.
    """
    totals = confusion.sum(axis=1, keepdims=True)
    rates = np.divide(confusion, totals, out=np.zeros(confusion.shape), where=totals > 0)
    counts = confusion / repeats

    def cell(i: int, j: int) -> tuple[str, float, str, str] | None:
        if not confusion[i, j]:
            return None
        said = "right" if i == j else f"taken for {classes[j]}"
        shown = number(counts[i, j])
        tip = f"{classes[i]}, {said}: {shown} of {number(totals[i, 0] / repeats)}"
        shade = rates[i, j] if i == j else np.sqrt(rates[i, j])
        return ("right" if i == j else "wrong"), float(shade), shown, tip

    right = np.trace(confusion) / max(1, confusion.sum())
    return _matrix(
        classes,
        cell,
        f"Confusion matrix, {split}",
        f"{percent(float(right))} % of the images lie on the diagonal",
        axes=("true", "predicted"),
    )


def agreement_drawing(agreement: np.ndarray, names: list[str], split: str) -> Markup:
    """Part of the images to which two methods give the same class."""
    low = float(agreement.min())

    def cell(i: int, j: int) -> tuple[str, float, str, str] | None:
        if i == j:
            return None
        value = float(agreement[i, j])
        shade = 0.1 + 0.8 * (value - low) / max(1e-9, 1 - low)
        tip = f"{names[i]} and {names[j]} agree on {percent(value)} %"
        return "right", shade, percent(value, 0), tip

    return _matrix(names, cell, f"Agreement of methods, {split}", "", room_for_text=21)


def _matrix(names, cell, title, description, *, axes=None, room_for_text=ROOMY + 1) -> Markup:  # type: ignore[no-untyped-def]
    n = len(names)
    side = 34.0 if n <= ROOMY else max(14.0, 26.0 - 0.4 * n) if room_for_text <= n else 26.0
    longest = max(len(name) for name in names)
    shown = [name if len(name) <= 18 else f"{name[:17]}…" for name in names]
    margin = CHARACTER * min(longest, 18) + 10 + (16 if axes else 0)
    slope = 0.72 * (margin - (16 if axes else 0)) + (16 if axes else 0)
    parts = []
    size = side * n
    parts.append(element("rect", class_="frame", x=margin, y=slope, width=size, height=size))
    for i, name in enumerate(shown):
        middle = (i + 0.5) * side
        parts.append(
            element("text", name, class_="tick", x=margin - 6, y=slope + middle + 4,
                    text_anchor="end")
        )  # fmt: skip
        x, y = margin + middle + 3, slope - 7
        parts.append(
            element("text", name, class_="tick", x=x, y=y,
                    transform=f"rotate(-45 {number(x)} {number(y)})")
        )  # fmt: skip
        for j in range(n):
            found = cell(i, j)
            if found is None:
                continue
            kind, shade, text, tip = found
            left, top = margin + j * side, slope + i * side
            parts.append(
                element("rect", element("title", tip), class_=f"cell {kind}",
                        x=left + 0.5, y=top + 0.5, width=side - 1, height=side - 1,
                        fill_opacity=f"{max(0.06, min(1.0, shade)):.2f}")
            )  # fmt: skip
            if n < room_for_text:
                style = "count over" if shade > 0.55 else "count"
                parts.append(
                    element("text", text, class_=style, x=left + side / 2, y=top + side / 2 + 4,
                            text_anchor="middle")
                )  # fmt: skip
    if axes:
        parts.append(element("text", f"{axes[0]} ↓  {axes[1]} →", class_="title", x=2, y=12))
    return drawing(margin + size + slope * 0.55, slope + size + 4, parts, title, description)
