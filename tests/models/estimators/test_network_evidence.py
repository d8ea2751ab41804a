"""Evidence of networks over their views, against each view by itself."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from strata.models.estimators.grad_cam import grad_cam_maps
from strata.models.estimators.hidden_features import LayerReader
from strata.models.estimators.network_classifier import NetworkClassifier
from strata.models.estimators.network_evidence import hidden_evidence, network_evidence

BLOCKS = {"kernel": 3, "blocks": [{"filters": 4}, {"filters": 5}]}
PERCEPTRON = {"name": "mlp", "hidden": [6], "normalization": "none", "dropout": 0.0}
rng = np.random.default_rng(0)
X = rng.integers(0, 256, (12, 16, 16, 3)).astype(np.uint8)
y = np.arange(12) % 3
COLUMNS = np.array([0, 2])


def fitted(architecture, **parameters):
    settings = {"image_size": 16, "epochs": 1, "augmentation": "none", "tta_flip": False}
    return NetworkClassifier(architecture, device="cpu", **{**settings, **parameters}).fit(X, y)


def resized(maps, side):
    return functional.interpolate(maps, (side, side), mode="bilinear")[:, 0].numpy()


def as_images(pixels):
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2)


def test_one_view_of_a_whole_image_is_plain_grad_cam():
    classifier = fitted(BLOCKS)
    found = network_evidence(classifier, X[:2], COLUMNS)
    maps = grad_cam_maps(classifier.network(), as_images(X[:2]), torch.tensor(COLUMNS))
    np.testing.assert_allclose(found.maps, resized(maps, 16), rtol=1e-5, atol=1e-7)
    assert not found.signed


def test_crops_and_mirror_images_count_where_they_lie_and_nothing_else_is_seen():
    classifier = fitted(BLOCKS, augmentation={"crop": 0.5}, tta_flip=True)
    network, crops = classifier.network(), X[:2, 4:12, 4:12]
    expected = np.full((2, 16, 16), np.nan, np.float32)
    plain = resized(grad_cam_maps(network, as_images(crops), torch.tensor(COLUMNS)), 8)
    mirrored = grad_cam_maps(network, as_images(crops[:, :, ::-1]), torch.tensor(COLUMNS))
    expected[:, 4:12, 4:12] = (plain + resized(mirrored, 8)[:, :, ::-1]) / 2
    found = network_evidence(classifier, X[:2], COLUMNS)
    np.testing.assert_allclose(found.maps, expected, rtol=1e-5, atol=1e-6)


def test_gradient_times_input_of_a_perceptron_without_biases_sums_to_the_score():
    """Piecewise linear in its standardized input, in every view, margins included."""
    classifier = fitted(PERCEPTRON, tta_views=3, tta_flip=True)
    for name, weights in classifier.weights_.items():
        if name.endswith("bias"):
            weights[:] = 0
    found = network_evidence(classifier, X[:2], COLUMNS)
    assert found.signed
    scores = classifier.logits(X[:2])[np.arange(2), COLUMNS]
    np.testing.assert_allclose(found.maps.sum((1, 2)), scores, rtol=1e-4)


@pytest.mark.parametrize("architecture", [BLOCKS, PERCEPTRON], ids=["cnn", "mlp"])
def test_the_embedding_weighted_as_the_last_layer_does_gives_the_network_s_own_evidence(
    architecture,
):
    classifier = fitted(architecture)
    weights = classifier.network().head[-1].weight.detach().numpy()[COLUMNS]
    found = hidden_evidence(classifier, "embedding", X[:2], weights)
    expected = network_evidence(classifier, X[:2], COLUMNS)
    np.testing.assert_allclose(found.maps, expected.maps, rtol=1e-4, atol=1e-6)
    assert found.signed == expected.signed


def test_a_block_s_activations_are_weighted_where_they_are():
    """Their mean, weighted, is the linear function that is explained, where nothing is cut off."""
    classifier = fitted(BLOCKS)
    weights = np.ones((2, 4))
    found = hidden_evidence(classifier, "block1", X[:2], weights)
    linear = (LayerReader(classifier, "block1").of_images(X[:2]) * weights).sum(1)
    np.testing.assert_allclose(found.maps.mean((1, 2)) * 4, linear, rtol=0.1)
