"""Validation accuracy by epoch of several methods in one plot."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from strata.reports.formatting import percent, shortened
from strata.reports.page.plots.line_names import DASHES, LineName, column_width, name_lines
from strata.reports.page.plots.svg import Frame
from strata.reports.statistics.convergence import Curve

#: Characters of a name that are shown.
NAME_LENGTH = 18


class ValidationCurve(NamedTuple):
    """Validation accuracy of one method by epoch; `pretrained`: where its weights begin."""

    method: str
    pretrained: bool
    curve: Curve


def validation_drawing(shown: Sequence[ValidationCurve]) -> Markup:
    """One line per method: blue from scratch, red from pretrained weights; epochs on a log scale.

    Lines of one color are told apart by their dashes, of more than `DASHES` by their width.
    """
    known = [np.isfinite(one.curve.mean) for one in shown]
    lowest = min(float(np.nanmin(one.curve.mean)) for one in shown)
    last = max(float(one.curve.epochs[k].max()) for one, k in zip(shown, known, strict=True))
    highest = max(float(np.nanmax(one.curve.mean)) for one in shown)
    low = max(0.0, np.floor(10 * lowest - 0.5) / 10)
    high = min(1.0, np.ceil(10 * highest + 0.5) / 10)
    names = [shortened(one.method, NAME_LENGTH) for one in shown]
    right = column_width(names)
    first = min(float(one.curve.epochs[k].min()) for one, k in zip(shown, known, strict=True))
    frame = Frame(
        (first, max(first + 1, last)),
        (low, high),
        420 + right,
        340,
        right=right,
        top=26,
        log_x=True,
    )
    frame.axes("epoch (log scale)", "validation accuracy %", lambda v: f"{v:g}",
               lambda v: percent(v, 0))  # fmt: skip
    named = []
    for one, k, name, style in zip(shown, known, names, _styles(shown), strict=True):
        xs, ys = one.curve.epochs[k], one.curve.mean[k]
        frame.line(xs, ys, style)
        label = "label warm" if one.pretrained else "label on"
        named.append(LineName(name, style, label, (float(xs[-1]), float(ys[-1]))))
    name_lines(frame, named)
    return frame.render("Validation accuracy by epoch", ", ".join(one.method for one in shown))


def _styles(shown: Sequence[ValidationCurve]) -> list[str]:
    """Classes of each line, different for any two."""
    found, drawn = [], Counter[bool]()
    for one in shown:
        thin, dash = divmod(drawn[one.pretrained], len(DASHES))
        drawn[one.pretrained] += 1
        classes = ["line", "warm" if one.pretrained else "", DASHES[dash], "fine" if thin else ""]
        found.append(" ".join(filter(None, classes)))
    return found
