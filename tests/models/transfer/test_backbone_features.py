import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from torchvision import models, transforms

from strata.errors import InputError
from strata.models.transfer.backbone_features import BackboneFeatures
from strata.models.transfer.finetuning.boundary import boundary_activations
from strata.models.transfer.frozen_backbone import FrozenBackbone

NAME = "squeezenet1_1"


@pytest.fixture(scope="module")
def state():
    torch.manual_seed(0)
    return models.get_model(NAME, weights=None).state_dict()


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (5, 64, 64, 3), dtype=np.uint8)


def features(state, **options):
    options = {"mirror": False, "norm": "none"} | options
    return BackboneFeatures(NAME, weights=state, image_size=64, **options).fit()


def test_vectors_are_the_pooled_activations_of_the_network(state, images, float32):
    network = models.get_model(NAME, weights=None).eval()
    network.load_state_dict(state)
    prepare = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    with torch.no_grad():
        x = prepare(torch.from_numpy(images).permute(0, 3, 1, 2) / 255)
        early = network.features[:7](x)
        late = network.features[7:](early)
    expected = torch.cat([early.mean((2, 3)), late.mean((2, 3))], 1).numpy()
    reader = features(state, nodes=("features.6", "features.12"))
    assert reader.widths_ == (early.shape[1], late.shape[1])
    np.testing.assert_allclose(reader.transform(images), expected, rtol=1e-4, atol=1e-5)


def test_the_default_node_is_before_the_last_layer(state, images):
    assert np.array_equal(
        features(state).transform(images), features(state, nodes=("features.12",)).transform(images)
    )


def test_mirror_averages_both_views(state, images):
    plain, both = features(state), features(state, mirror=True)
    expected = (plain.transform(images) + plain.transform(images[:, :, ::-1])) / 2
    np.testing.assert_allclose(both.transform(images), expected, rtol=1e-5)
    assert both.multiply_adds_ == plain.multiply_adds_


def test_norm_makes_nodes_count_alike(state, images):
    reader = features(state, nodes=("features.6", "features.12"), norm="l2")
    vectors = reader.transform(images)
    first = reader.widths_[0]
    for part in (vectors[:, :first], vectors[:, first:]):
        np.testing.assert_allclose(np.linalg.norm(part, axis=1), 1, rtol=1e-5)
    with pytest.raises(InputError, match="norm"):
        features(state, norm="l1")


def test_a_grid_has_a_mean_for_each_cell(state, images, float32):
    (maps,) = FrozenBackbone(NAME, ["features.6"], state, 64).run(images, torch.device("cpu"))
    maps = maps.numpy()  # 7 x 7: the middle strip of three shares its border rows
    strips = [maps[:, :, rows].mean((2, 3)) for rows in (slice(0, 3), slice(2, 5), slice(4, 7))]
    expected = np.concatenate([maps.mean((2, 3)), *strips], 1)
    reader = features(state, nodes=("features.6",), grids=[(1, 1), (3, 1)])
    assert reader.widths_ == (expected.shape[1],)
    np.testing.assert_allclose(reader.transform(images), expected, rtol=1e-4, atol=1e-5)
    levels = features(state, nodes=("features.6",), grids=[(1, 1), (3, 1)], norm="l2")
    found, d = levels.transform(images), maps.shape[1]
    for part in (found[:, :d], found[:, d:]):
        np.testing.assert_allclose(np.linalg.norm(part, axis=1), 1, rtol=1e-5)


def test_batches_make_no_difference(state, images):
    one = features(state, batch_size=1).transform(images)
    np.testing.assert_allclose(one, features(state, batch_size=4).transform(images), 1e-4, 1e-6)


def test_images_of_any_size_are_resized(state):
    shapes = [(20, 30, 3), (200, 100, 3), (64, 64), (1, 1, 3)]
    vectors = features(state).transform(np.full(s, 100, np.uint8) for s in shapes)
    assert vectors.shape == (4, 512)
    assert np.isfinite(vectors).all()
    assert features(state).transform([]).shape == (0, 512)


def test_it_is_a_scikit_learn_transformer(state, images):
    reader = features(state)
    expected = reader.transform(images)
    assert np.array_equal(pickle.loads(pickle.dumps(reader)).transform(images), expected)
    assert clone(reader).get_params()["image_size"] == 64
    pipeline = make_pipeline(
        BackboneFeatures(NAME, weights=state, image_size=64), LogisticRegression()
    )
    assert pipeline.fit(images, [0, 1, 0, 1, 0]).predict(images).shape == (5,)


def test_an_unfitted_transformer_raises_an_error():
    with pytest.raises(NotFittedError):
        BackboneFeatures(NAME).transform([])


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no file of weights"):
        BackboneFeatures(NAME, weights=str(tmp_path / "absent.pth")).fit()


def test_boundary_activations_are_maps_in_half_precision(state, images, float32):
    frozen = FrozenBackbone(NAME, ["features.6"], state, 64)
    device = torch.device("cpu")
    (found,) = boundary_activations(frozen, [images], device)
    (expected,) = frozen.run(images, device)
    assert found.dtype == np.float16
    assert found.shape == (5, *expected.shape[2:], expected.shape[1])
    np.testing.assert_allclose(found, expected.permute(0, 2, 3, 1), rtol=1e-3, atol=1e-6)


def test_bfloat16_is_near_enough(state, images, monkeypatch):
    found = []
    for multiplies in (False, True):  # where the processor cannot, torch emulates it
        monkeypatch.setattr(
            "strata.models.runtime.devices._multiplies_bfloat16", lambda m=multiplies: m
        )
        found.append(features(state).transform(images))
    exact, rounded = found
    assert not np.array_equal(exact, rounded)
    cosines = (
        (exact * rounded).sum(1) / np.linalg.norm(exact, axis=1) / np.linalg.norm(rounded, axis=1)
    )
    assert cosines.min() > 0.999


def test_vectors_have_names_and_one_image_is_not_taken_for_many(state, images):
    reader = features(state)
    names = reader.get_feature_names_out()
    assert len(names) == len(set(names)) == reader.transform(images[:1]).shape[1]
    assert reader.set_output(transform="default") is reader
    with pytest.raises(InputError, match="not one image"):
        reader.transform(images[0])
