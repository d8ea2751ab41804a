import numpy as np
import pytest
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as sk_log_loss

from strata.reports.statistics.calibration import brier_score, log_loss, reliability


@pytest.fixture
def case():
    rng = np.random.default_rng(1)
    probabilities = rng.dirichlet(np.ones(5), 300)
    return rng.integers(0, 5, 300), probabilities


def test_log_loss_agrees_with_scikit_learn(case):
    labels, probabilities = case
    assert log_loss(labels, probabilities) == pytest.approx(
        sk_log_loss(labels, probabilities, labels=np.arange(5))
    )


def test_one_certain_error_leaves_the_log_loss_finite():
    assert np.isfinite(log_loss(np.array([0]), np.array([[0.0, 1.0]])))


def test_brier_score_agrees_with_scikit_learn(case):
    labels, probabilities = case
    expected = brier_score_loss(labels, probabilities, labels=np.arange(5), scale_by_half=False)
    assert brier_score(labels, probabilities) == pytest.approx(expected)


def test_reliability_agrees_with_a_loop_over_images(case):
    labels, probabilities = case
    found = reliability(labels, probabilities)
    error = 0.0
    for b in range(10):
        inside = [
            (max(p), int(np.argmax(p)) == y)
            for p, y in zip(probabilities, labels, strict=True)
            if b / 10 < max(p) <= (b + 1) / 10
        ]
        assert found.images[b] == len(inside)
        if inside:
            confidence, accuracy = np.mean(inside, axis=0)
            error += len(inside) / 300 * abs(confidence - accuracy)
    assert found.error == pytest.approx(error)


def test_honest_probabilities_have_little_error():
    rng = np.random.default_rng(4)
    probabilities = rng.dirichlet(np.ones(3), 6_000)
    labels = np.array([rng.choice(3, p=p) for p in probabilities])
    assert reliability(labels, probabilities).error < 0.025
