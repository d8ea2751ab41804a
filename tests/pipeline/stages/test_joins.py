"""Vectors of branches joined with learned weights."""

import dataclasses

import numpy as np
import pytest

from strata.errors import InputError
from strata.pipeline.graph.inputs import Subset
from strata.pipeline.stages import joins
from strata.pipeline.stages.joins import concatenate_by, kernel_weights, node_weights
from strata.pipeline.stages.reductions import apply_reduction
from tests.pipeline.stages.vectors import clouds, in_shards, subset

CLOUDS, LABELS = clouds(d=12, each=20)
VECTORS = CLOUDS + np.random.default_rng(2).normal(scale=4, size=CLOUDS.shape)
NOISE = np.random.default_rng(1).normal(size=(60, 30))
TRAIN = subset(range(48), LABELS[:48])


def learned(train: Subset = TRAIN):
    return kernel_weights.function([in_shards(VECTORS), in_shards(NOISE, size=7)], train)


def test_noise_gets_less_weight_and_the_kernel_is_the_weighted_sum():
    fitted = learned()
    assert fitted["weights"][0] > 2 * fitted["weights"][1]
    assert fitted["parameters"] == 2
    branches = [np.float32(VECTORS[:5]), np.float32(NOISE[:5])]
    joined = concatenate_by.function(fitted, *({"vectors": b} for b in branches))["vectors"]
    unit = [b / np.linalg.norm(b, axis=1, keepdims=True) for b in branches]
    expected = sum(w * u @ u.T for w, u in zip(fitted["weights"], unit, strict=True))
    np.testing.assert_allclose(joined @ joined.T, expected, atol=1e-5)


def test_images_that_are_not_trained_on_change_nothing():
    others = VECTORS.copy()
    others[48:] = 100
    again = kernel_weights.function([in_shards(others), in_shards(NOISE, size=7)], TRAIN)
    assert again["weights"].tolist() == learned()["weights"].tolist()


def test_copies_of_an_image_count_once():
    """With its copy in the training set, noise would predict each image."""
    doubled = np.concatenate([np.arange(24), np.arange(24)])
    vectors, noise, labels = VECTORS[doubled], NOISE[doubled], LABELS[doubled]
    train = subset(range(48), labels)
    branches = [in_shards(vectors), in_shards(noise)]
    naive = kernel_weights.function(branches, train)
    grouped = dataclasses.replace(train, groups=tuple(doubled.tolist()))
    fitted = kernel_weights.function(branches, grouped)
    once = kernel_weights.function(branches, subset(range(24), labels[:24]))
    assert fitted["weights"].tolist() == once["weights"].tolist()
    assert naive["log_loss"] < fitted["log_loss"]


def features_of(vectors, widths):
    """Features of a network in shards, which have the names and widths of their blocks."""
    parts = in_shards(vectors)
    read = parts._read
    layout = {"blocks": [f"node {i}" for i in range(len(widths))], "widths": widths}
    parts._read = lambda number: {**read(number), **layout}
    return parts


def test_nodes_are_weighted_as_branches_of_the_same_vectors_are():
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (VECTORS, NOISE)]
    features = features_of(np.hstack(unit), [12, 30])
    fitted = node_weights.function(features, features, TRAIN)
    np.testing.assert_allclose(fitted["weights"], learned()["weights"], rtol=1e-3)
    assert fitted["blocks"] == ["node 0", "node 1"]
    found = apply_reduction.function({"vectors": np.float32(np.hstack(unit))}, fitted)["vectors"]
    expected = sum(2 * w * u @ u.T for w, u in zip(fitted["weights"], unit, strict=True))
    np.testing.assert_allclose(found @ found.T, expected, atol=1e-5)


def test_weights_of_nodes_are_those_of_the_reduced_vectors():
    """Blocks are found by the features' layout; their values are the reduced ones."""
    features = features_of(np.hstack([NOISE, NOISE]), [30, 30])
    reduced = in_shards(np.hstack([np.pad(VECTORS, [(0, 0), (0, 18)]), NOISE]))
    weights = node_weights.function(reduced, features, TRAIN)["weights"]
    assert weights[0] * np.var(VECTORS) * 12 > 2 * weights[1] * 30


@pytest.mark.parametrize("limit", ["MOST_IMAGES", "MOST_BYTES"])
def test_of_many_images_the_same_share_of_each_class_is_drawn(monkeypatch, limit):
    monkeypatch.setattr(joins, limit, {"MOST_IMAGES": 24, "MOST_BYTES": 24 * 30 * 4}[limit])
    drawn = joins._sample(TRAIN, joins.MOST_BYTES // joins._row_bytes(in_shards(NOISE), TRAIN))
    assert np.bincount(TRAIN.y[drawn]).tolist() == [8, 8, 8]
    assert learned()["weights"][0] > learned()["weights"][1]


def test_a_single_block_is_not_weighted():
    features = features_of(VECTORS, [12])
    with pytest.raises(InputError, match="one node of one part"):
        node_weights.function(features, features, TRAIN)
