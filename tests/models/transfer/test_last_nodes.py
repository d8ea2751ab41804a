"""The last nodes of networks of several families."""

import pytest

from strata.errors import InputError
from strata.models.transfer.last_nodes import feature_nodes, last_nodes
from strata.models.transfer.subgraph import node_names, penultimate_node

LAST = {
    "squeezenet1_1": ("features.10", "features.11", "features.12.cat"),
    "resnet18": ("layer2", "layer3", "flatten"),  # layer4, pooled, is the last one
    "vgg16": ("features.26", "features.28", "classifier.4"),
    "swin_t": ("features.3", "features.5", "flatten"),  # not features.6, which merges patches
    "mobilenet_v3_small": ("features.10", "features.11", "classifier.1"),
}


@pytest.mark.parametrize("backbone", LAST)
def test_they_are_the_ends_of_blocks(backbone):
    assert last_nodes(backbone, 3) == LAST[backbone]
    assert last_nodes(backbone, 1) == (penultimate_node(backbone),)


def test_transformers_have_a_node_for_each_block():
    assert last_nodes("vit_b_16", 2)[0] == "encoder.layers.encoder_layer_10"


def test_more_than_there_are_is_refused():
    with pytest.raises(InputError, match="resnet18 has 4 at the ends"):
        last_nodes("resnet18", 5)


def test_names_stay_and_none_is_the_one_before_the_last_layer():
    assert feature_nodes("resnet18", ("layer1", "layer4")) == ("layer1", "layer4")
    assert feature_nodes("resnet18", ()) == (penultimate_node("resnet18"),)
    found = feature_nodes("resnet18", 4)
    names = node_names("resnet18")
    assert sorted(found, key=names.index) == list(found)
