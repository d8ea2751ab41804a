"""Histograms of activations and parameters on the page."""

import pytest

from strata.models.training import diagnostics
from strata.reports.page.plots.histogram_plots import (
    KINDS,
    colored,
    histogram_drawings,
    histograms_by_epoch,
    last_histograms,
)
from tests.reports import synthetic

ACTIVATIONS, PARAMETERS = KINDS


def test_activations_and_parameters_stand_side_by_side():
    drawn = histogram_drawings([synthetic.history(6, seed) for seed in range(3)])
    captions = [caption.split(" ")[0] for caption, _ in drawn]
    assert captions == ["Activation", "Parameter", "Activation", "Parameter"]
    maps, rows = drawn[:2], drawn[2:]
    assert all(drawing.count("<image") == 2 for _, drawing in maps)
    assert all(drawing.count('class="cell correct"') > 40 for _, drawing in rows)
    assert histogram_drawings([[{"loss": 1.0}]]) == []


def test_the_axes_are_those_of_the_recorded_bins():
    edges = diagnostics.HISTOGRAM_EDGES
    assert (ACTIVATIONS.low, ACTIVATIONS.high) == (edges[0], edges[-1])


@pytest.mark.parametrize("kind", KINDS)
def test_histograms_are_those_of_the_last_epoch_that_has_them(kind):
    key = f"{kind.key}a"
    one = [{key: [1.0, 0.0]}, {key: [0.0, 1.0]}, {}]
    other = [{key: [1.0, 0.0]}]
    assert last_histograms([one, other], kind)["a"].tolist() == [0.5, 0.5]


def test_histograms_over_time_are_means_of_folds_brightest_where_most_is():
    one = [{"activation_histogram/a": [1.0, 0.0]}, {"activation_histogram/a": [0.0, 1.0]}, {}]
    other = [{"activation_histogram/a": [0.5, 0.5]}]
    (shares,) = histograms_by_epoch([one, other], ACTIVATIONS).values()
    assert shares.tolist() == [[0.75, 0.25], [0.0, 1.0]]
    bright = colored(shares).astype(int).sum(axis=2)
    assert bright.shape == (2, 2)
    assert bright[0, 1] > bright[1, 0] > bright[0, 0] > bright[1, 1]
