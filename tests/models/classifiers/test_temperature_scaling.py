import numpy as np
import pytest
from scipy.special import softmax

from strata.models.classifiers.temperature_scaling import (
    calibrated_loss,
    fit_temperature,
    probabilities,
)


@pytest.mark.parametrize("temperature", [0.05, 1.0, 20.0])
def test_it_finds_the_temperature_that_made_the_labels(temperature):
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(20_000, 4)) * 2 * temperature
    chances = softmax(scores / temperature, axis=1)
    labels = (rng.random((20_000, 1)) > chances.cumsum(axis=1)).sum(axis=1).clip(max=3)
    assert fit_temperature(scores, labels) == pytest.approx(temperature, rel=0.05)


def test_probabilities_sum_to_one_and_keep_the_order():
    scores = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    p = probabilities(scores, 0.3)
    assert p.dtype == np.float64
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_array_equal(p.argsort(axis=1), scores.argsort(axis=1))


def test_constant_scores_are_no_error():
    assert fit_temperature(np.zeros((4, 2)), np.array([0, 1, 0, 1])) > 0


def test_the_loss_is_that_of_the_probabilities_at_the_temperature():
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=(40, 3)), rng.integers(0, 3, 40)
    temperature, loss = calibrated_loss(scores, labels)
    assert temperature == fit_temperature(scores, labels)
    chances = probabilities(scores, temperature)[np.arange(40), labels]
    assert loss == pytest.approx(-np.mean(np.log(chances)))
