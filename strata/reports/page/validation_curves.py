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

#: Values of `MethodResult.begins` that are not random weights.
PRETRAINED = ("pretrained", "unsupervised")
#: Methods drawn at most, the best.
MOST = 10
#: Weights that training begins with, and images on which curves were measured, in words.
BEGINS = {
    "pretrained": "pretrained weights",
    "unsupervised": "pretraining without labels",
    "scratch": "scratch",
}
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
    return ValidationCurve(method.name, method.begins in PRETRAINED, curve)


def _row(row: RankedMethod, speed: LearningSpeed) -> dict[str, str]:
    """Texts of a method in the table."""
    return {
        "name": row.method.name,
        "begins": BEGINS.get(row.method.begins, DASH),
        "watched": WATCHED.get(row.method.watched, DASH),
        "start": percent(speed.start),
        "first": str(speed.first),
        "slope": points(round(speed.slope, 3)) if known(speed.slope) else DASH,
        "asymptote": percent(speed.asymptote),
        "last": str(speed.last),
    }


def _gains(found: list[tuple[RankedMethod, LearningSpeed]]) -> list[dict[str, str]]:
    """Gains of each pretrained network over the one from scratch with the highest asymptote.

    One of the same architecture goes before all others. Only networks whose curves were measured on
    the same kind of images are compared.
    """
    gains = []
    for row, speed in found:
        rivals = [
            (other, others)
            for other, others in found
            if other.method.begins == "scratch" and other.method.watched == row.method.watched
        ]
        if row.method.begins not in PRETRAINED or not rivals:
            continue
        own = _architecture(row.method)
        alike = [r for r in rivals if own and _architecture(r[0].method) == own]
        rival, its = max(alike or rivals, key=lambda item: item[1].asymptote)
        gains.append(
            {
                "name": row.method.name,
                "rival": rival.method.name,
                "why": "same architecture" if alike else "another architecture",
                "start": _gain(speed.start - its.start),
                "slope": _gain(speed.slope - its.slope),
                "asymptote": _gain(speed.asymptote - its.asymptote),
            }
        )
    return gains


def _architecture(method: MethodResult) -> list[tuple[object, ...]]:
    """Kind, kernel and channels of each layer, which are alike for any size of the images."""
    return [(layer.kind, layer.kernel, layer.output[:1]) for layer in method.layers]


def _gain(difference: float) -> str:
    """A difference in points, with the word for its sign."""
    if not np.isfinite(difference):
        return DASH
    difference = round(difference, 3)
    word = "higher" if difference > 0 else "lower" if difference < 0 else "equal"
    return f"{points(difference)} ({word})"
