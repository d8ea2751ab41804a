import numpy as np
import pytest

from strata.reports.statistics.convergence import curves, training_problem


def history(losses):
    return [{"epoch": i + 1, "loss": float(loss)} for i, loss in enumerate(losses)]


def test_curves_are_averaged_over_the_folds_that_got_that_far():
    (curve,) = curves([history([4, 2, 1]), history([2, 2])], "loss")
    assert curve.mean == pytest.approx([3, 2, 1])
    assert np.isnan(curve.folds[1, 2])
    assert curve.epochs.tolist() == [1, 2, 3]


def test_a_key_has_one_curve_and_a_quantity_one_for_each_layer():
    epochs = [{"loss": 1.0, "validation_loss": 2.0, "zeros/block1": 0.5, "zeros/block2": 0.9}]
    assert [curve.key for curve in curves([epochs], "loss")] == ["loss"]
    assert [curve.key for curve in curves([epochs], "zeros/")] == ["zeros/block1", "zeros/block2"]
    assert curves([epochs], "accuracy") == []


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
