"""Several methods together."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax

from strata.errors import InputError
from strata.models import ScoreFusion
from strata.pipeline.graph.inputs import Fold
from strata.pipeline.graph.recipe_context import Data
from strata.pipeline.graph.stage import Node
from strata.pipeline.stages.fusion import (
    average_scores,
    fewest_images,
    fit_weights,
    learned_weights,
    weighted_scores,
)
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


def fitted(*methods, parts=2):
    """Weights learned from the first of two halves, or from both."""
    halves = [range(150), range(150, 300)][:parts]
    folds = [[{k: v[list(half)] for k, v in m.items()} for m in methods] for half in halves]
    tests = [subset(half) for half in halves]
    return fit_weights.function(folds, tests, subset(range(300), LABELS))


def test_weights_are_those_of_the_estimator_on_the_images_that_were_held_out():
    methods = opinions(2, 1), opinions(1, 2)
    logs = np.log(np.stack([m["probabilities"] for m in methods], axis=1))
    for parts, rows in ((1, slice(150)), (2, slice(300))):
        found = fitted(*methods, parts=parts)
        expected = ScoreFusion().fit(logs[rows], LABELS[rows])
        np.testing.assert_allclose(found["coef"], expected.coef_)
        np.testing.assert_allclose(
            weighted_scores.function(methods, found)["probabilities"],
            expected.predict_proba(logs),
        )


def test_a_method_without_probabilities_is_calibrated_here():
    sure, other = opinions(2, 1), opinions(1, 2)
    values = {"scores": 50 * sure["scores"] + 7}
    with_values, with_probabilities = (
        weighted_scores.function([first, other], fitted(first, other))["probabilities"]
        for first in (values, sure)
    )
    np.testing.assert_allclose(with_values, with_probabilities, atol=1e-4)


def data(calls):
    """Data whose inner folds are numbered, and count calls."""

    def inner_folds(fold, count):
        calls.append(count)
        return [Fold(f"part {n}", 0, 0, fold.train, subset([n])) for n in range(count)]

    return Data((), ("a", "b"), lambda name, fold: None, inner_folds)


def members(fold):
    return [average_scores([], weights=(float(n + 1),)) for n in range(len(fold.test))]


@pytest.mark.parametrize(
    ("inner_folds", "parts", "cut", "made"), [(4, 1, 3, 1), (2, 2, 2, 2), (4, "auto", 3, 3)]
)
def test_inner_folds_are_as_many_as_the_smallest_class_has_images(inner_folds, parts, cut, made):
    calls = []
    fold = Fold("fold 1", 0, 0, subset(range(8), [0] * 5 + [1] * 3), subset([8]))
    node = learned_weights(members, data(calls), fold, inner_folds=inner_folds, parts=parts)
    assert calls == [cut]
    assert node.stage is weighted_scores
    assert isinstance(node.inputs[1], Node)
    assert len(node.inputs[1].inputs[0]) == made


@pytest.mark.parametrize(("images", "made"), [(280, 4), (390, 4), (410, 3), (1210, 1), (9000, 1)])
def test_as_few_inner_folds_are_made_as_hold_out_enough_images(images, made):
    fold = Fold("fold 1", 0, 0, subset(range(images), np.arange(images) % 2), subset([9999]))
    node = learned_weights(members, data([]), fold)
    assert len(node.inputs[1].inputs[0]) == made


def test_a_class_with_a_single_image_leaves_equal_weights():
    calls = []
    fold = Fold("fold 1", 0, 0, subset(range(5), [0] * 4 + [1]), subset([8]))
    node = learned_weights(members, data(calls), fold)
    assert (node.stage, node.parameters["weights"], calls) == (average_scores, [], [])


def test_copies_of_an_image_count_once():
    train = subset(range(5), [0, 0, 0, 1, 1])
    assert fewest_images(train) == 2
    assert fewest_images(replace(train, groups=(0, 0, 0, 1, 2))) == 1


def test_no_more_parts_than_inner_folds():
    with pytest.raises(InputError, match="3 of 2 inner folds"):
        learned_weights(members, data([]), None, inner_folds=2, parts=3)
