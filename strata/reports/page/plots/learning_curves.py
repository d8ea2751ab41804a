"""Learning curves: loss and accuracy by epoch, in training, validation and auxiliary heads."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from strata.reports.formatting import percent
from strata.reports.page.plots.line_names import LineName, column_width, name_lines
from strata.reports.page.plots.svg import Frame, number
from strata.reports.statistics.convergence import Curve, History, curves

WIDTH, HEIGHT = 260, 280
#: Auxiliary heads drawn at most, and their styles.
AUXILIARY = ("third", "warm")
#: Name of the learning rate's line, which has no scale.
RATE = "learning rate"


def learning_drawings(histories: list[History]) -> list[tuple[str, Markup]]:
    """(quantity, drawing) of loss and accuracy by epoch: mean over folds, with a band of all folds.

    The learning rate, if recorded, is dotted behind the loss, on a scale of its own from 0.
    """
    drawn = []
    losses, accuracies = _curves(histories, "loss"), _curves(histories, "accuracy")
    if losses:
        drawn.append(("loss", _learning("loss", losses, curves(histories, "lr"))))
    if accuracies:
        drawn.append(("accuracy", _learning("accuracy %", accuracies, [])))
    return drawn


def _curves(histories: list[History], quantity: str) -> list[tuple[str, str, Curve]]:
    """(name, style, curve) of a quantity in training, validation and each auxiliary head."""
    training, validation = curves(histories, quantity), curves(histories, f"validation_{quantity}")
    found = [("training", "soft" if validation else "", curve) for curve in training]
    heads = zip(AUXILIARY, curves(histories, f"auxiliary_{quantity}/"), strict=False)
    found += [(f"{c.key.partition('/')[2]} head", style, c) for style, c in heads]
    return found + [("validation", "", curve) for curve in validation]


def _learning(
    title: str, found: Sequence[tuple[str, str, Curve]], rates: Sequence[Curve]
) -> Markup:
    """Curves of one quantity in one plot."""
    values = np.concatenate([curve.folds.ravel() for _, _, curve in found])
    values = values[np.isfinite(values)]
    percentage = title.endswith("%")
    # Clipped at the 99th percentile, so that one diverging epoch does not flatten the rest.
    high = 1.0 if percentage else 1.05 * float(np.percentile(values, 99)) if values.size else 1.0
    last = max(float(curve.epochs.max()) for _, _, curve in found)
    names = [name for name, _, _ in found] if len(found) > 1 or rates else []
    right = column_width([*names, *(RATE for _ in rates)]) if names else 14
    frame = Frame((0.0, last), (0.0, high or 1.0), WIDTH + right, HEIGHT, right=right, top=26)
    frame.axes("epoch", title, _short, (lambda v: percent(v, 0)) if percentage else _short)
    named = []
    for rate in rates:
        heights = 0.96 * high * rate.mean / (float(np.nanmax(rate.mean)) or 1.0)
        frame.line(rate.epochs, heights, "reference")
        end = (float(rate.epochs[-1]), float(heights[-1]))
        named.append(LineName(RATE, "reference", "label", end))
    for name, style, curve in found:
        _band(frame, curve, high, f"band {style}".rstrip())
        there = np.isfinite(curve.mean)  # not every epoch need be validated
        xs, ys = curve.epochs[there], np.minimum(curve.mean[there], high)
        frame.line(xs, ys, f"line {style}".rstrip())
        if names and there.any():
            end = (float(xs[-1]), float(ys[-1]))
            named.append(LineName(name, f"line {style}".rstrip(), f"label {style or 'on'}", end))
    name_lines(frame, named)
    folds = len(found[0][2].folds)
    many = f", mean of {folds} folds" if folds > 1 else ""
    return frame.render(f"Learning curve: {title} by epoch{many}")


def _band(frame: Frame, curve: Curve, high: float, class_: str) -> None:
    """Draw the range from the lowest to the highest fold, where there are several."""
    known = np.isfinite(curve.folds).sum(axis=0) > 1
    if not known.any():
        return
    folds = np.minimum(curve.folds[:, known], high)
    xs = curve.epochs[known]
    low, top = np.nanmin(folds, axis=0), np.nanmax(folds, axis=0)
    corners = [*zip(xs, top, strict=True), *zip(xs[::-1], low[::-1], strict=True)]
    points = " ".join(f"{number(frame.x(x))},{number(frame.y(y))}" for x, y in corners)
    frame.add("polygon", class_=class_, points=points)


def _short(value: float) -> str:
    """A tick label without trailing zeros."""
    return f"{value:g}"
