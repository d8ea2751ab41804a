"""Class weights in the loss: one place for networks from scratch and for fine-tuning."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.utils import compute_class_weight

from strata.errors import InputError
from strata.models.estimators.fine_tuned_classifier import FineTunedClassifier
from strata.models.estimators.network_classifier import NetworkClassifier
from strata.models.training.class_weights import (
    balanced_class_weights,
    balanced_sample,
    weight_targets,
)
from strata.models.transfer import backbones

#: Nine images of one class and three of the other, which nothing tells apart.
LABELS = np.repeat(["common", "rare"], [9, 3])


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=30))
def test_balanced_weights_are_those_of_scikit_learn(labels):
    known, numbers = np.unique(labels, return_inverse=True)
    expected = compute_class_weight("balanced", classes=known, y=labels)
    found = balanced_class_weights(torch.tensor(numbers), len(known))
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert found[torch.tensor(numbers)].mean().item() == pytest.approx(1, rel=1e-5)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.floats(0.5, 1)), min_size=1),
    st.floats(0, 0.9),
)
def test_an_image_counts_by_the_weight_of_its_class_smoothed_and_mixed_or_not(images, smoothing):
    rng = np.random.default_rng(0)
    weights, scores = rng.uniform(0.1, 50, 4), rng.normal(size=(len(images), 4))
    log_p = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    expected, targets = 0.0, np.zeros(scores.shape)
    for row, (own, other, share) in enumerate(images):
        for label, part in ((own, share), (other, 1 - share)):
            targets[row, label] += part
            smoothed = np.full(4, smoothing / 4)
            smoothed[label] += 1 - smoothing
            expected -= part * weights[label] * smoothed @ log_p[row] / len(images)
    wanted = weight_targets(torch.tensor(targets), torch.tensor(weights), smoothing)
    found = torch.nn.functional.cross_entropy(torch.tensor(scores), wanted)
    assert found.item() == pytest.approx(expected)


def from_scratch(class_weight, label_smoothing=0.0, teacher=None):
    """Probabilities of the two classes for an image like all others."""
    model = NetworkClassifier(
        {"name": "mlp", "hidden": [4], "normalization": "none", "dropout": 0.0},
        image_size=4,
        epochs=200,
        batch_size=12,
        max_lr=0.05,
        label_smoothing=label_smoothing,
        weight_decay=0.0,
        augmentation="none",
        class_weight=class_weight,
        teacher_weight=1.0,
        temperature=1.0,
    )
    X = np.full((len(LABELS), 4, 4, 3), 100, np.uint8)
    return model.fit(X, LABELS, teacher=teacher).predict_proba(X[:1])[0]


def fine_tuned(class_weight):
    state = backbones.skeleton("squeezenet1_1").state_dict()
    model = FineTunedClassifier(
        "squeezenet1_1",
        freeze_until="features.12",
        output_node="features.12",
        weights=state,
        head_epochs=200,
        head_lr=0.05,
        epochs=0,
        batch_size=12,
        label_smoothing=0.0,
        weight_decay=0.0,
        class_weight=class_weight,
    )
    X = np.zeros((len(LABELS), 1, 1, 1, 512), np.float16)
    return model.fit(X, LABELS).predict_proba(X[:1])[0]


@pytest.mark.parametrize("probabilities", [from_scratch, fine_tuned])
def test_identical_images_get_the_weighted_class_frequencies(probabilities):
    np.testing.assert_allclose(probabilities(None), [0.75, 0.25], atol=0.02)
    np.testing.assert_allclose(probabilities("balanced"), [0.5, 0.5], atol=0.02)


def test_smoothing_leaves_the_weighted_shares_as_they_are():
    np.testing.assert_allclose(from_scratch("balanced", 0.3), [0.5, 0.5], atol=0.02)


def test_a_teacher_counts_by_the_same_weights():
    teacher = np.eye(2)[np.unique(LABELS, return_inverse=True)[1]]
    np.testing.assert_allclose(from_scratch(None, teacher=teacher), [0.75, 0.25], atol=0.02)
    np.testing.assert_allclose(from_scratch("balanced", teacher=teacher), [0.5, 0.5], atol=0.02)


def test_other_weights_are_refused():
    with pytest.raises(InputError, match="class_weight must be"):
        from_scratch("heavy")


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.integers(0, 99))
def test_a_balanced_sample_has_the_same_number_of_each_class(labels, seed):
    labels = np.array(labels)
    rows = balanced_sample(labels, np.random.default_rng(seed))
    assert len(rows) == len(labels)
    drawn = np.bincount(labels[rows], minlength=5)[np.unique(labels)]
    assert drawn.max() - drawn.min() <= 1
    times = np.bincount(rows, minlength=len(labels))
    for label in np.unique(labels):
        own = times[labels == label]
        assert own.max() - own.min() <= 1  # no image is preferred to another of its class


def test_a_balanced_sample_is_uniform_over_epochs():
    labels = np.repeat([0, 1, 2], [20, 5, 3])  # 28 images: classes get 9 or 10
    drawn = [balanced_sample(labels, np.random.default_rng(seed)) for seed in range(1500)]
    times = np.bincount(np.concatenate(drawn), minlength=28) / 1500
    np.testing.assert_allclose(times, (28 / 3 / np.array([20, 5, 3]))[labels], rtol=0.08)
    first = np.bincount(labels[[rows[0] for rows in drawn]]) / 1500  # the order is random
    np.testing.assert_allclose(first, 1 / 3, atol=0.05)


def test_balanced_sampling_trains_as_if_classes_were_equally_frequent():
    """On images that nothing tells apart, both classes become equally probable."""
    settings = {"image_size": 4, "epochs": 60, "batch_size": 12, "max_lr": 0.05, "device": "cpu"}
    network = {"name": "mlp", "hidden": [4], "normalization": "none", "dropout": 0.0}
    model = NetworkClassifier(network, **settings, augmentation="none", label_smoothing=0.0)
    X = np.full((12, 4, 4, 3), 128, np.uint8)
    rare = [clone(model).set_params(sampling=s).fit(X, LABELS) for s in (None, "balanced")]
    found = [m.predict_proba(X[:1])[0, 1] for m in rare]
    assert found == pytest.approx([0.25, 0.5], abs=0.03)
    again = clone(rare[1]).fit(X, LABELS)
    for name, weights in rare[1].weights_.items():
        np.testing.assert_array_equal(again.weights_[name], weights)


def test_resampling_and_class_weights_are_not_both_balanced():
    model = NetworkClassifier("mlp", image_size=4, class_weight="balanced", sampling="balanced")
    with pytest.raises(InputError, match="both 'balanced'"):
        model.fit(np.zeros((12, 4, 4, 3), np.uint8), LABELS)
    with pytest.raises(InputError, match="sampling must be"):
        model.set_params(sampling="uniform").fit(np.zeros((12, 4, 4, 3), np.uint8), LABELS)
