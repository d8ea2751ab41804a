"""Weights of a network's nodes, which need two parts to weight."""

from dataclasses import replace

import pytest

from strata.errors import InputError
from strata.pipeline.graph.inputs import ImageShard
from strata.pipeline.graph.topological_order import topological_order
from strata.pipeline.recipes.transfer import deep_features
from strata.pipeline.stages.joins import node_weights
from tests.pipeline.recipes.test_classical import FOLD, data

SINGLE = [
    {},
    {"nodes": 1},
    {"levels": 2},
    {"pyramid": "square", "levels": 0},
    {"nodes": ("blocks.11",), "tokens": "patches"},
]
SEVERAL = [
    {"nodes": 4},
    {"nodes": ("features.3", "features.6")},
    {"pyramid": "square"},
    {"nodes": ("blocks.11",)},  # which may have a class token besides
]


def features(given, weights):
    settings = {"features": given, "node_weights": weights, "weights": "net.pth"}
    images = ImageShard("", (*FOLD.train.digests, *FOLD.test.digests), ())
    parameters = deep_features.checked(settings, "methods.deep")
    return deep_features.compose(replace(data(), images=(images,)), FOLD, parameters)


@pytest.mark.parametrize("given", SINGLE, ids=map(str, SINGLE))
def test_weights_of_a_single_part_are_refused(given):
    with pytest.raises(InputError, match="one node of one part") as caught:
        features(given, "cv")
    assert "features.nodes = 4" in caught.value.hint
    features(given, "equal")


@pytest.mark.parametrize("given", SEVERAL, ids=map(str, SEVERAL))
def test_weights_of_several_parts_are_learned(given):
    nodes = topological_order([features(given, "cv")])
    assert any(node.stage is node_weights for node in nodes)
