import numpy as np
import pytest

from strata.reports.convergence import curves, trouble


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
        ([*flat, float("nan")], "issue", "not a finite number"),
        ([*flat, 2.0], "issue", "far above its lowest point"),
        (np.geomspace(3, 0.3, 40), "tip", "still falling"),
        (np.geomspace(0.9, 0.001, 40), None, ""),  # falls, but to nothing
        (np.geomspace(3, 0.3, 5), None, ""),  # too short to judge
    ],
)
def test_trouble_is_named(losses, severity, words):
    found, sentence = trouble([history(losses)] * 3)
    assert found == severity
    assert words in sentence


def test_histories_without_a_loss_are_no_trouble():
    assert trouble([[{"accuracy": 0.5}], []]) == (None, "")
