"""Several methods together."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression

from strata.errors import InputError
from strata.pipeline.stages.fusion import average_scores, fit_stack, stack_scores
from tests.pipeline.stages.vectors import subset

RNG = np.random.default_rng(0)
LABELS = RNG.integers(3, size=300)


def opinions(strength, seed):
    rng = np.random.default_rng(seed)
    logits = strength * np.eye(3)[LABELS] + rng.normal(size=(300, 3))
    return {"probabilities": softmax(logits, axis=1), "scores": logits}


def test_the_mean_of_probabilities_and_of_their_logarithms():
    a, b = opinions(2, 1), opinions(1, 2)
    mean = average_scores.function([a, b], of="probabilities")["probabilities"]
    assert np.allclose(mean, (a["probabilities"] + b["probabilities"]) / 2)
    product = average_scores.function([a, b], weights=(3.0, 1.0))["probabilities"]
    naive = a["probabilities"] ** 0.75 * b["probabilities"] ** 0.25
    assert np.allclose(product, naive / naive.sum(axis=1, keepdims=True), atol=1e-4)


def test_what_cannot_be_combined_is_said():
    with pytest.raises(InputError, match="3 weights for 2 methods"):
        average_scores.function([opinions(1, 1)] * 2, weights=(1.0, 1.0, 1.0))
    with pytest.raises(InputError, match="no probabilities"):
        average_scores.function([opinions(1, 1), {"scores": np.zeros((300, 3))}])


def stack(*methods, C=1.0):
    halves = [range(150), range(150, 300)]
    folds = [
        [{"probabilities": m["probabilities"][list(half)]} for m in methods] for half in halves
    ]
    train = subset(range(300), LABELS)
    return fit_stack.function(folds, [subset(h) for h in halves], train, C=C)


def test_noise_gets_no_weight_and_two_witnesses_beat_one():
    good, other, noise = opinions(2, 1), opinions(2, 2), opinions(0, 3)
    fitted = stack(good, other, noise, C=10.0)
    assert fitted["weights"][2] < 0.1
    assert fitted["weights"][:2].min() > 0.5
    found = stack_scores.function([good, other, noise], fitted)
    right = (found["probabilities"].argmax(axis=1) == LABELS).mean()
    assert right > (good["probabilities"].argmax(axis=1) == LABELS).mean()


def test_one_method_without_pull_is_what_the_library_fits():
    only = opinions(1.5, 1)
    fitted = stack(only, C=1e6)
    logs = log_softmax(only["scores"], axis=1)
    reference = LogisticRegression(C=1e6, max_iter=5000, tol=1e-8).fit(logs, LABELS)
    found = stack_scores.function([only], fitted)["probabilities"]
    # The library has a weight for each pair of classes, so it can only fit a little better.
    ours = -np.log(found[np.arange(300), LABELS]).mean()
    theirs = -reference.predict_log_proba(logs)[np.arange(300), LABELS].mean()
    assert theirs <= ours + 1e-4
    assert ours < theirs + 0.03
