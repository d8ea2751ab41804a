"""ROC curves and reliability diagram of one method."""

import numpy as np
from markupsafe import Markup

from strata.reports.formatting import decimal, known, percent
from strata.reports.page.plots.svg import Frame, element
from strata.reports.statistics.calibration import Reliability
from strata.reports.statistics.roc import FPR_GRID, RocSummary

SIDE = 300

#: Number of images below which a bin of the reliability diagram is drawn hollow and unconnected.
FEW_IMAGES = 10


def roc_drawing(roc: RocSummary, classes: list[str], split: str) -> Markup | None:
    """One-vs-rest ROC curves: all classes thin, the lowest AUC and the mean emphasized."""
    if not known(roc.macro):
        return None
    frame = Frame((0, 1), (0, 1), width=SIDE + 20, height=SIDE, top=26)
    ticks = [0, 0.25, 0.5, 0.75, 1]
    frame.axes("false-positive rate", "true-positive rate", _short, _short,
               x_ticks=ticks, y_ticks=ticks)  # fmt: skip
    frame.line([0, 1], [0, 1], "reference")
    worst = int(np.nanargmin(roc.areas))
    for c, curve in enumerate(roc.curves):
        if c != worst:
            _from_corner(frame, curve, "thin")
    _from_corner(frame, roc.curves[worst], "line warm")
    _from_corner(frame, np.nanmean(roc.curves, axis=0), "line")
    for i, (style, text) in enumerate(
        [
            ("label on", f"macro average: AUC {decimal(roc.macro)}"),
            ("label warm", f"{classes[worst]}: AUC {decimal(float(roc.areas[worst]))}"),
        ]
    ):
        x, y = frame.x(0.97), frame.y(0.16 - 0.08 * i)
        frame.add("text", text, class_=style, x=x, y=y, text_anchor="end")
    described = f"Macro AUC {decimal(roc.macro)}, lowest for {classes[worst]}"
    return frame.render(f"ROC curves, one-vs-rest, {split}", described)


def _from_corner(frame: Frame, curve: np.ndarray, style: str) -> None:
    """Draw a curve from (0, 0), including its first rise at a false-positive rate of 0."""
    frame.line(np.append(0.0, FPR_GRID), np.append(0.0, curve), style)


def calibration_drawing(found: Reliability, split: str) -> Markup:
    """Reliability diagram: accuracy against confidence of the predicted class, with a histogram."""
    frame = Frame((0, 1), (0, 1), width=SIDE + 20, height=SIDE, top=26)
    ticks = [0, 0.25, 0.5, 0.75, 1]
    frame.axes("confidence", "accuracy", _short, _short,
               x_ticks=ticks, y_ticks=ticks)  # fmt: skip
    frame.line([0, 1], [0, 1], "reference")
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
    text = f"ECE {percent(found.error)} points"
    frame.add("text", text, class_="label on", x=frame.x(1), y=13, text_anchor="end")
    return frame.render(f"Reliability diagram, {split}", text)


def _short(value: float) -> str:
    """A tick label without trailing zeros."""
    return f"{value:g}"
