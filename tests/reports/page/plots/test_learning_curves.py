"""Learning curves in training, validation and auxiliary heads."""

import re

import numpy as np
import pytest

from strata.reports.page.plots.learning_curves import HEIGHT, learning_drawings
from tests.reports import synthetic


def history(accuracies, validation):
    return [
        {"epoch": e + 1, "loss": 1.0, "accuracy": a, "validation_accuracy": v}
        for e, (a, v) in enumerate(zip(accuracies, validation, strict=True))
    ]


def points(drawing, tag, attribute):
    """Corners of the elements of a tag, [[(x, y), ...], ...]."""
    found = re.findall(rf'<{tag} class="(?:line|band)[^>]* {attribute}="([^"]+)"', drawing)
    return [
        [tuple(map(float, p)) for p in re.findall(r"([\d.]+)[ ,]([\d.]+)", one)] for one in found
    ]


def test_training_validation_and_auxiliary_heads_have_each_a_line_and_a_band():
    drawn = dict(learning_drawings([synthetic.history(8, seed) for seed in range(4)]))
    for quantity in ("loss", "accuracy"):
        assert drawn[quantity].count('<path class="line') == 3
        assert drawn[quantity].count("<polygon") == 3
        for name in ("training", "validation", "auxiliary head"):
            assert f">{name}<" in drawn[quantity]
    assert "learning rate" in drawn["loss"]
    assert "learning rate" not in drawn["accuracy"]


def test_the_band_reaches_from_the_lowest_to_the_highest_fold():
    folds = [history([0.5, 0.5], [0.2, 0.6]), history([0.5, 0.5], [0.4, 0.8])]
    drawing = dict(learning_drawings(folds))["accuracy"]
    band = points(drawing, "polygon", "points")[-1]
    floor, top = HEIGHT - 42, 26
    values = [(floor - y) / (floor - top) for _, y in band]
    assert values == pytest.approx([0.4, 0.8, 0.6, 0.2], abs=0.01)
    (mean,) = points(drawing, "path", "d")[-1:]
    assert [(floor - y) / (floor - top) for _, y in mean] == pytest.approx([0.3, 0.7], abs=0.01)


def test_epochs_that_were_not_validated_do_not_interrupt_the_line():
    folds = [history([0.5] * 5, [0.1, None, 0.5, None, 0.7])] * 2
    drawing = dict(learning_drawings(folds))["accuracy"]
    line = re.findall(r'<path class="line" d="([^"]+)"', drawing)[-1]
    assert (line.count("M"), line.count("L")) == (1, 2)


def test_one_training_has_lines_and_no_band():
    (_, drawing), *_ = learning_drawings([[{"loss": 2.0}, {"loss": 1.0}]])
    assert "<polygon" not in drawing
    assert "validation" not in drawing
    assert np.isfinite([p for one in points(drawing, "path", "d") for p in one]).all()
