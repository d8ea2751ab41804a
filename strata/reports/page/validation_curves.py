"""Section on validation accuracy by epoch: networks from scratch against pretrained ones."""

from typing import Any

import numpy as np

from strata.reports.comparison.ranking import RankedMethod
from strata.reports.formatting import DASH, known, number_of, percent, points
from strata.reports.model.results import MethodResult
from strata.reports.page.plots.validation_plot import ValidationCurve, validation_drawing
from strata.reports.statistics.convergence import curves
from strata.reports.statistics.learning_speed import LearningSpeed, learning_speed
from strata.reports.summary.analysis import Analysis

#: Methods drawn at most, the best.
MOST = 10
#: Images on which curves were measured, in words of the table.
WATCHED = {"heldout": "held-out images", "validation": "part of the training images"}


def validation_section(analysis: Analysis) -> dict[str, Any] | None:
    """Template context of the section; None with fewer than two methods with validation curves."""
    found = [(row, speed) for row in analysis.ranking.rows if (speed := _speed(row.method))]
    if len(found) < 2:
        return None
    return {
        "drawing": validation_drawing([_curve(row.method) for row, _ in found[:MOST]]),
        "left_out": number_of(len(found) - MOST, "method") if len(found) > MOST else "",
        "rows": [_row(row, speed) for row, speed in found],
        "gains": _gains(found),
    }


def _speed(method: MethodResult) -> LearningSpeed | None:
    return learning_speed(method.histories) if method.histories else None


def _curve(method: MethodResult) -> ValidationCurve:
    (curve,) = curves(method.histories, "validation_accuracy")
    return ValidationCurve(method.name, method.begins == "pretrained", curve)


def _row(row: RankedMethod, speed: LearningSpeed) -> dict[str, str]:
    """Texts of a method in the table."""
    return {
        "name": row.method.name,
        "begins": {"pretrained": "pretrained weights", "scratch": "scratch"}.get(
            row.method.begins, DASH
        ),
        "watched": WATCHED.get(row.method.watched, DASH),
        "start": percent(speed.start),
        "first": str(speed.first),
        "slope": points(round(speed.slope, 3)) if known(speed.slope) else DASH,
        "asymptote": percent(speed.asymptote),
        "last": str(speed.last),
    }


def _gains(found: list[tuple[RankedMethod, LearningSpeed]]) -> list[dict[str, str]]:
    """Gains of each pretrained network over the one from scratch with the highest asymptote.

    Only networks whose curves were measured on the same kind of images are compared.
    """
    gains = []
    for row, speed in found:
        rivals = [
            (other, others)
            for other, others in found
            if other.method.begins == "scratch" and other.method.watched == row.method.watched
        ]
        if row.method.begins != "pretrained" or not rivals:
            continue
        rival, its = max(rivals, key=lambda item: item[1].asymptote)
        gains.append(
            {
                "name": row.method.name,
                "rival": rival.method.name,
                "start": _gain(speed.start - its.start),
                "slope": _gain(speed.slope - its.slope),
                "asymptote": _gain(speed.asymptote - its.asymptote),
            }
        )
    return gains


def _gain(difference: float) -> str:
    """A difference in points, with the word for its sign."""
    if not np.isfinite(difference):
        return DASH
    difference = round(difference, 3)
    word = "higher" if difference > 0 else "lower" if difference < 0 else "equal"
    return f"{points(difference)} ({word})"
