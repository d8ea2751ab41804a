"""Validation accuracy of several methods in one plot."""

import re

import numpy as np

from strata.reports.page.plots.validation_plot import ValidationCurve, validation_drawing
from strata.reports.statistics.convergence import Curve


def test_any_two_lines_differ_and_each_has_its_name_beside_a_sample():
    epochs = np.arange(1.0, 6.0)
    shown = [
        ValidationCurve(
            f"m{n}", n % 3 == 0, Curve("", epochs, epochs[None] / 10, epochs / 10 + n / 100)
        )
        for n in range(10)
    ]
    drawing = validation_drawing(shown)
    lines = re.findall(r'<path class="(line[^"]*)"', drawing)
    assert len(set(lines)) == len(lines) == 10
    assert sorted(re.findall(r'<line class="(line[^"]*)"', drawing)) == sorted(lines)
    heights = [float(y) for y in re.findall(r'y="([\d.]+)">m\d<', drawing)]
    assert min(np.diff(sorted(heights))) >= 14.8
