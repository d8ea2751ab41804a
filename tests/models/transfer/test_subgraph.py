import pytest
import torch

from strata.errors import InputError
from strata.models.transfer import backbones
from strata.models.transfer.backbones import INCEPTION_BLOCKS, build
from strata.models.transfer.subgraph import (
    IMAGES,
    extract_subgraph,
    global_pool,
    node_names,
    penultimate_node,
)
from strata.models.transfer.subgraph_flops import subgraph_cost


@pytest.fixture(scope="module")
def state():
    torch.manual_seed(0)
    return backbones.skeleton("squeezenet1_1").state_dict()


@pytest.mark.parametrize("boundary", [IMAGES, "features.2", "features.6", "features.12"])
def test_two_subgraphs_are_the_network(state, boundary):
    network = build("squeezenet1_1", state)
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        (before,) = extract_subgraph(network, IMAGES, [boundary])(images)
        (after,) = extract_subgraph(network, boundary, ["classifier"])(before)
        assert torch.equal(after, network.classifier(network.features(images)))


@pytest.mark.parametrize(
    ("name", "place", "later"),
    [
        ("squeezenet1_1", "features.0", "features.3"),
        ("inception_v3", "Conv2d_1a_3x3.bn", "maxpool1"),
    ],
)
def test_no_operation_in_place_changes_an_output_in_use(name, place, later):
    network = backbones.skeleton(name)
    images = torch.randn(1, 3, 80, 80)
    with torch.no_grad():
        alone = extract_subgraph(network, IMAGES, [place])(images)[0].clone()
        assert alone.min() < 0  # a rectifier follows
        assert torch.equal(extract_subgraph(network, IMAGES, [place, later])(images)[0], alone)
        given = alone.clone()
        extract_subgraph(network, place, [later])(given)
        assert torch.equal(given, alone)


def test_a_subgraph_holds_only_modules_that_it_runs(state):
    network = build("squeezenet1_1", state)
    part = extract_subgraph(network, "features.10", ["features.12"])
    inside = [*network.features[11].parameters(), *network.features[12].parameters()]
    assert {id(p) for p in part.parameters()} == {id(p) for p in inside}


def test_impossible_subgraphs_are_errors(state):
    network = build("squeezenet1_1", state)
    with pytest.raises(InputError, match=r"no node 'features\.13'") as caught:
        extract_subgraph(network, IMAGES, ["features.13"])
    assert "features." in caught.value.hint
    with pytest.raises(InputError, match="not on every path"):
        extract_subgraph(network, "features.3.expand1x1", ["features.4"])
    with pytest.raises(InputError, match="not on every path"):
        extract_subgraph(network, "features.6", ["features.4"])


def test_nodes_are_named_by_module():
    found = node_names("squeezenet1_1")
    assert found[:2] == ["features", "features.0"]
    assert {"features.12", "features.12.cat", "classifier"} <= set(found)
    inception = node_names("inception_v3")
    assert [n for n in inception if n in INCEPTION_BLOCKS] == list(INCEPTION_BLOCKS)


@pytest.mark.parametrize(
    ("name", "node"),
    [
        ("inception_v3", "flatten"),
        ("squeezenet1_1", "features.12.cat"),
        ("resnet18", "flatten"),
        ("mobilenet_v3_small", "classifier.1"),
        ("vit_b_16", "getitem_5"),
    ],
)
def test_the_penultimate_node_is_before_the_last_layer(name, node):
    assert penultimate_node(name) == node


def test_pooling_gives_vectors():
    maps, tokens, vectors = torch.rand(2, 5, 3, 4), torch.rand(2, 7, 5), torch.rand(2, 5)
    assert torch.allclose(global_pool(maps), maps.flatten(2).mean(2))
    assert torch.allclose(global_pool(tokens), tokens.mean(1))
    assert torch.equal(global_pool(vectors), vectors)


def test_numbers_are_no_node_to_cut_at():
    with pytest.raises(InputError, match="no map, tokens or vector for each image"):
        subgraph_cost("shufflenet_v2_x0_5", IMAGES, ["stage4.3.floordiv"], 64)


def test_a_network_that_decides_by_numbers_is_refused():
    class Deciding(torch.nn.Module):
        def forward(self, x):
            return x if x.sum() > 0 else -x

    with pytest.raises(InputError, match="Deciding has no nodes"):
        extract_subgraph(Deciding(), IMAGES, ["neg"])
