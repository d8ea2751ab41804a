"""The drawing of a learning-rate finder's curve."""

import re

import numpy as np
import pytest

from strata.reports.page.plots.lr_finder_plot import lr_finder_drawing


def search(suggestion=0.01, burst=1e9):
    rates = np.geomspace(1e-5, 1.0, 60)
    losses = 2 - 1.5 / (1 + (0.01 / rates) ** 2)
    losses[-1] = burst
    return {"lrs": rates.tolist(), "losses": losses.tolist(), "suggestion": suggestion}


def places(drawing, tag, attribute):
    return [float(v) for v in re.findall(rf"<{tag}[^>]* {attribute}=\"([\d.]+)\"", drawing)]


def test_each_fold_has_its_line_and_its_rate():
    drawing = lr_finder_drawing([search(0.01), search(0.02), search(0.1)])
    assert drawing.count("<path") == 3
    x = places(drawing, "circle", "cx")
    assert len(x) == 3
    assert x == sorted(x)
    # Equal steps of the logarithm are equal steps of the drawing.
    assert (x[1] - x[0]) / (x[2] - x[0]) == pytest.approx(np.log10(2), abs=0.01)
    assert "suggested: 0.01 to 0.1" in drawing


def test_a_burst_at_the_end_does_not_flatten_the_curve():
    drawing = lr_finder_drawing([search()])
    path = re.search(r'<path[^>]* d="([^"]+)"', drawing)[1]
    y = [float(pair.split(" ")[1]) for pair in re.split("[ML]", path) if pair]
    assert max(y[:-1]) - min(y[:-1]) > 50
    assert all(12 < v < 270 for v in y)


def test_nothing_searched_nothing_drawn():
    assert lr_finder_drawing([]) is None
    assert lr_finder_drawing([{"lrs": [0.1], "losses": [1.0], "suggestion": 0.1}]) is None
