"""Curves of one method: ROC, learning, calibration."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from strata.reports.formatting import figure, known, percent
from strata.reports.page.plots.svg import Frame, element
from strata.reports.statistics.calibration import Reliability
from strata.reports.statistics.convergence import Curve, History, curves
from strata.reports.statistics.roc import GRID, RocSummary

SIDE = 300

#: A calibration bin with fewer images is drawn hollow and joined to no other.
FEW_IMAGES = 10


def roc_drawing(roc: RocSummary, classes: list[str], split: str) -> Markup | None:
    """All classes as thin lines, the weakest and the mean as strong ones."""
    if not known(roc.macro):
        return None
    frame = Frame((0, 1), (0, 1), width=SIDE + 20, height=SIDE, top=26)
    ticks = [0, 0.25, 0.5, 0.75, 1]
    frame.axes("false-positive rate", "true-positive rate", _short, _short,
               x_ticks=ticks, y_ticks=ticks)  # fmt: skip
    frame.line([0, 1], [0, 1], "chance")
    worst = int(np.nanargmin(roc.areas))
    for c, curve in enumerate(roc.curves):
        if c != worst:
            _from_corner(frame, curve, "thin")
    _from_corner(frame, roc.curves[worst], "line warm")
    _from_corner(frame, np.nanmean(roc.curves, axis=0), "line")
    for i, (style, text) in enumerate(
        [
            ("label on", f"mean of classes: AUC {figure(roc.macro)}"),
            ("label warm", f"{classes[worst]}: AUC {figure(float(roc.areas[worst]))}"),
        ]
    ):
        x, y = frame.x(0.97), frame.y(0.16 - 0.08 * i)
        frame.add("text", text, class_=style, x=x, y=y, text_anchor="end")
    described = f"Mean area {figure(roc.macro)}, lowest {classes[worst]}"
    return frame.render(f"ROC curves, one class against the rest, {split}", described)


def _from_corner(frame: Frame, curve: np.ndarray, style: str) -> None:
    """The curve with its first rise, which stands upright on a false-positive rate of 0."""
    frame.line(np.append(0.0, GRID), np.append(0.0, curve), style)


def calibration_drawing(found: Reliability, split: str) -> Markup:
    """Accuracy of the predicted class at each level of its confidence."""
    frame = Frame((0, 1), (0, 1), width=SIDE + 20, height=SIDE, top=26)
    ticks = [0, 0.25, 0.5, 0.75, 1]
    frame.axes("stated probability", "part that is right", _short, _short,
               x_ticks=ticks, y_ticks=ticks)  # fmt: skip
    frame.line([0, 1], [0, 1], "chance")
    most, bins = max(1, int(found.images.max())), len(found.images)
    floor = frame.y(0)
    for b, n in enumerate(found.images):
        if not n:
            continue
        left, right = frame.x(b / bins), frame.x((b + 1) / bins)
        height = 40 * n / most
        frame.add("rect", element("title", f"{n} images"), class_="histogram", x=left + 1,
                  y=floor - height, width=right - left - 2, height=height)  # fmt: skip
    firm = np.where(found.images >= FEW_IMAGES, found.accuracy, np.nan)
    frame.line(found.confidence, firm, "line")
    for n, x, y in zip(found.images, found.confidence, found.accuracy, strict=True):
        if n:
            style = "dot on" if n >= FEW_IMAGES else "dot"
            frame.add("circle", class_=style, cx=frame.x(x), cy=frame.y(y), r=3.5)
    text = f"calibration error {percent(found.error)} points"
    frame.add("text", text, class_="label on", x=frame.x(1), y=11, text_anchor="end")
    return frame.render(f"Calibration, {split}", text)


def learning_drawings(histories: list[History]) -> list[tuple[str, Markup]]:
    """(what, drawing) of loss and accuracy over the epochs: folds thin, their mean strong.

    The learning rate, where it is known, lies dotted behind the loss, from 0 to its own maximum.
    """
    drawn = []
    losses, accuracies = curves(histories, "loss"), curves(histories, "accuracy")
    if losses:
        drawn.append(("loss", _learning("loss", losses, curves(histories, "rate")[:1])))
    if accuracies:
        drawn.append(("accuracy", _learning("accuracy %", accuracies, [])))
    return drawn


def _learning(title: str, found: Sequence[Curve], rates: Sequence[Curve]) -> Markup:
    values = np.concatenate([curve.folds.ravel() for curve in found])
    values = values[np.isfinite(values)]
    percentage = title.endswith("%")
    # A loss that blows up in one epoch must not flatten all the others.
    high = 1.0 if percentage else 1.05 * float(np.percentile(values, 99)) if values.size else 1.0
    last = max(float(curve.epochs.max()) for curve in found)
    frame = Frame((0.0, last), (0.0, high or 1.0), width=SIDE + 20, height=SIDE - 30, top=26)
    frame.axes("epoch", title, _short, (lambda v: percent(v, 0)) if percentage else _short)
    labels = []
    for rate in rates:
        top = float(np.nanmax(rate.mean))
        frame.line(rate.epochs, 0.96 * high * rate.mean / (top or 1.0), "chance")
        labels.append(("label", f"dotted: learning rate, up to {top:.2g}"))
    for curve in found:
        style = "" if _held_out(curve.key) or len(found) == 1 else " soft"
        if len(curve.folds) > 1:
            for fold in curve.folds:
                frame.line(curve.epochs, np.minimum(fold, high), f"thin{style}")
        frame.line(curve.epochs, np.minimum(curve.mean, high), f"line{style}")
        if len(found) > 1:
            name = "held-out" if _held_out(curve.key) else "training"
            labels.append((f"label{style or ' on'}", name))
    for i, (style, text) in enumerate(reversed(labels) if percentage else labels):
        y = frame.y(0) - 10 - 15 * i if percentage else frame.y(high) + 10 + 15 * i
        frame.add("text", text, class_=style, x=frame.x(last) - 4, y=y, text_anchor="end")
    folds = len(found[0].folds)
    many = f", mean of {folds} folds" if folds > 1 else ""
    return frame.render(f"Training history: {title} by epoch{many}")


def _held_out(key: str) -> bool:
    return "val" in key or "held" in key


def _short(value: float) -> str:
    return f"{value:g}"
