import numpy as np
import pytest

from strata.reports.page.network_diagnostics import diagnostics_drawings, last_histograms
from strata.reports.page.plots.activation_plots import colored, histograms_by_epoch
from strata.reports.statistics.convergence import curves, training_problem
from tests.reports import synthetic


def history(losses):
    return [{"epoch": i + 1, "loss": float(loss)} for i, loss in enumerate(losses)]


def test_curves_are_averaged_over_the_folds_that_got_that_far():
    (curve,) = curves([history([4, 2, 1]), history([2, 2])], "loss")
    assert curve.mean == pytest.approx([3, 2, 1])
    assert np.isnan(curve.folds[1, 2])
    assert curve.epochs.tolist() == [1, 2, 3]


def test_every_key_with_the_word_gives_a_curve():
    epochs = [{"loss": 1.0, "validation_loss": 2.0, "accuracy": 0.5}]
    assert [curve.key for curve in curves([epochs], "loss")] == ["loss", "validation_loss"]
    assert [curve.key for curve in curves([epochs], "accuracy")] == ["accuracy"]


flat = np.linspace(2, 0.5, 20).tolist() + [0.5] * 20


@pytest.mark.parametrize(
    ("losses", "severity", "words"),
    [
        (flat, None, ""),
        ([*flat, float("nan")], "issue", "NaN or infinite"),
        ([*flat, 2.0], "issue", "far above its minimum"),
        (np.geomspace(3, 0.3, 40), "tip", "still decreasing"),
        (np.geomspace(0.9, 0.001, 40), None, ""),  # falls, but to nothing
        (np.geomspace(3, 0.3, 5), None, ""),  # too short to judge
    ],
)
def test_training_problems(losses, severity, words):
    found, sentence = training_problem([history(losses)] * 3)
    assert found == severity
    assert words in sentence


def test_histories_without_a_loss_are_no_trouble():
    assert training_problem([[{"accuracy": 0.5}], []]) == (None, "")


def test_diagnostics_show_every_layer_of_the_history():
    drawn = dict(diagnostics_drawings([synthetic.history(6, seed) for seed in range(3)]))
    dead, gradients, means, deviations, course, activations = drawn.values()
    assert "block2" in dead
    assert gradients.count("<path") == 3
    assert means.count("<path") == deviations.count("<path") == course.count("<image") == 2
    assert activations.count('class="cell correct"') > 40
    bare = [{"loss": 1.0, "dead_units/block1": 0.0}]
    assert diagnostics_drawings([bare]) == []


def test_histograms_are_those_of_the_last_epoch_that_has_them():
    one = [{"activation_histogram/a": [1.0, 0.0]}, {"activation_histogram/a": [0.0, 1.0]}, {}]
    other = [{"activation_histogram/a": [1.0, 0.0]}]
    assert last_histograms([one, other])["a"].tolist() == [0.5, 0.5]


def test_histograms_over_time_are_means_of_folds_brightest_where_most_is():
    one = [{"activation_histogram/a": [1.0, 0.0]}, {"activation_histogram/a": [0.0, 1.0]}, {}]
    other = [{"activation_histogram/a": [0.5, 0.5]}]
    (shares,) = histograms_by_epoch([one, other]).values()
    assert shares.tolist() == [[0.75, 0.25], [0.0, 1.0]]
    bright = colored(shares).astype(int).sum(axis=2)
    assert bright.shape == (2, 2)
    assert bright[0, 1] > bright[1, 0] > bright[0, 0] > bright[1, 1]
