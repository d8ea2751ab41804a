"""Validation accuracy by epoch of several methods in one plot."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from strata.reports.formatting import percent, shortened
from strata.reports.page.plots.label_places import spread
from strata.reports.page.plots.svg import NAME_CHARACTER, Frame, text_width
from strata.reports.statistics.convergence import Curve

#: Characters of a name that are shown.
NAME_LENGTH = 18
#: Smallest distance between names, in pixels.
LINE = 15


class ValidationCurve(NamedTuple):
    """Validation accuracy of one method by epoch; `pretrained`: where its weights begin."""

    method: str
    pretrained: bool
    curve: Curve


def validation_drawing(shown: Sequence[ValidationCurve]) -> Markup:
    """One line per method: blue from scratch, red from pretrained weights; epochs on a log scale.

    Lines of one color are told apart by the names at their ends.
    """
    known = [np.isfinite(one.curve.mean) for one in shown]
    lowest = min(float(np.nanmin(one.curve.mean)) for one in shown)
    last = max(float(one.curve.epochs[k].max()) for one, k in zip(shown, known, strict=True))
    low = max(0.0, np.floor(10 * lowest - 0.5) / 10)
    names = [shortened(one.method, NAME_LENGTH) for one in shown]
    right = max(text_width(name, NAME_CHARACTER) for name in names) + 12
    frame = Frame(
        (1.0, max(2.0, last)), (low, 1.0), 360 + right, 320, right=right, top=26, log_x=True
    )
    frame.axes("epoch (log scale)", "validation accuracy %", lambda v: f"{v:g}",
               lambda v: percent(v, 0))  # fmt: skip
    for one, k in zip(shown, known, strict=True):
        frame.line(one.curve.epochs[k], one.curve.mean[k], f"line {_style(one)}".rstrip())
    ends = [float(one.curve.mean[k][-1]) for one, k in zip(shown, known, strict=True)]
    places = spread([frame.y(end) + 4 for end in ends], LINE)
    for one, k, name, y in zip(shown, known, names, places, strict=True):
        x = frame.x(float(one.curve.epochs[k][-1])) + 6
        frame.add("text", name, class_=f"label {_style(one) or 'on'}", x=x, y=y)
    return frame.render("Validation accuracy by epoch", ", ".join(one.method for one in shown))


def _style(one: ValidationCurve) -> str:
    return "warm" if one.pretrained else ""
