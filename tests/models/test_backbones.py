import pytest
import torch
from torchvision import models

from strata.errors import InputError
from strata.models import backbones
from strata.models.backbones import (
    IMAGES,
    INCEPTION_BLOCKS,
    build,
    last_node,
    nodes,
    part_cost,
    pool,
    section,
)
from strata.models.weights import published

HEAD = 2048 * 8 + 8  #: pooled layer to eight classes


def made_up(name, seed=0):
    """A state_dict of random numbers, of the right shapes."""
    torch.manual_seed(seed)
    return backbones.skeleton(name).state_dict()


@pytest.fixture(scope="module")
def state():
    return made_up("squeezenet1_1")


def test_weights_are_all_there_or_an_error(state):
    network = build("squeezenet1_1", {k: v.half() for k, v in state.items()})
    found = network.state_dict()
    assert all(torch.equal(found[k], state[k].half().float()) for k in state)
    assert not network.training
    first = next(iter(state))
    rest = {k: v for k, v in state.items() if k != first}
    for wrong, what in (
        (rest, f"lack '{first}'."),
        ({}, "lack .* and 51 more"),
        ({**state, "more": torch.zeros(1)}, "have also 'more'"),
        ({**state, first: torch.zeros(1)}, f"differ in shape at '{first}'"),
    ):
        with pytest.raises(InputError, match=what):
            build("squeezenet1_1", wrong)
    with pytest.raises(InputError, match="no classification network 'squeezenet'"):
        build("squeezenet", state)


@pytest.mark.parametrize("look_up", [backbones.skeleton, backbones.preparation, published])
@pytest.mark.parametrize("name", ["fasterrcnn_resnet50_fpn", "quantized_resnet18", "resnet-18"])
def test_only_classification_networks_are_known(look_up, name):
    with pytest.raises(InputError, match=f"no classification network '{name}'"):
        look_up(name)


def test_counters_of_batches_may_be_absent():
    state = made_up("resnet18")
    counters = [k for k in state if k.endswith("num_batches_tracked")]
    assert counters
    build("resnet18", {k: v for k, v in state.items() if k not in counters})


def test_building_leaves_torchs_generator_alone(state):
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    build("squeezenet1_1", state)
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize("border", [IMAGES, "features.2", "features.6", "features.12"])
def test_two_sections_are_the_network(state, border):
    network = build("squeezenet1_1", state)
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        (before,) = section(network, IMAGES, [border])(images)
        (after,) = section(network, border, ["classifier"])(before)
        assert torch.equal(after, network.classifier(network.features(images)))


@pytest.mark.parametrize(
    ("name", "place", "later"),
    [
        ("squeezenet1_1", "features.0", "features.3"),
        ("inception_v3", "Conv2d_1a_3x3.bn", "maxpool1"),
    ],
)
def test_nothing_writes_over_what_somebody_else_looks_at(name, place, later):
    network = backbones.skeleton(name)
    images = torch.randn(1, 3, 80, 80)
    with torch.no_grad():
        alone = section(network, IMAGES, [place])(images)[0].clone()
        assert alone.min() < 0  # a rectifier follows
        assert torch.equal(section(network, IMAGES, [place, later])(images)[0], alone)
        given = alone.clone()
        section(network, place, [later])(given)
        assert torch.equal(given, alone)


def test_a_section_holds_only_what_it_runs(state):
    network = build("squeezenet1_1", state)
    part = section(network, "features.10", ["features.12"])
    inside = [*network.features[11].parameters(), *network.features[12].parameters()]
    assert {id(p) for p in part.parameters()} == {id(p) for p in inside}


def test_cuts_that_cannot_be_made_are_errors(state):
    network = build("squeezenet1_1", state)
    with pytest.raises(InputError, match=r"no node 'features\.13'") as caught:
        section(network, IMAGES, ["features.13"])
    assert "features." in caught.value.hint
    with pytest.raises(InputError, match="not on every way"):
        section(network, "features.3.expand1x1", ["features.4"])
    with pytest.raises(InputError, match="not on every way"):
        section(network, "features.6", ["features.4"])


def test_nodes_are_named_by_module():
    found = nodes("squeezenet1_1")
    assert found[:2] == ["features", "features.0"]
    assert {"features.12", "features.12.cat", "classifier"} <= set(found)
    inception = nodes("inception_v3")
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
def test_the_usual_cut_is_before_the_last_layer(name, node):
    assert last_node(name) == node


@pytest.mark.parametrize("name", ["inception_v3", "squeezenet1_1", "resnet18", "convnext_tiny"])
def test_multiply_adds_are_torchvisions(name):
    weights = models.get_model_weights(name).DEFAULT
    last = {"squeezenet1_1": "classifier"}.get(name, last_node(name))
    cost = part_cost(name, IMAGES, [last])
    head = 0 if name == "squeezenet1_1" else 1000 * cost.outputs[0][0]
    assert (cost.multiply_adds + head) / 1e9 == pytest.approx(weights.meta["_ops"], abs=6e-4)
    if name != "inception_v3":  # whose published count has the auxiliary head
        biases = 0 if name == "squeezenet1_1" else 1000
        assert cost.parameters + head + biases == weights.meta["num_params"]


@pytest.mark.parametrize(
    ("open_blocks", "trained"),
    [(0, 16_392), (1, 6_089_928), (3, 12_828_296), (5, 16_657_608), (7, 19_642_760)],
)
def test_trained_parameters_are_the_papers(open_blocks, trained):
    """Table VI: the last n blocks unfrozen."""
    border = (*INCEPTION_BLOCKS, "Mixed_7c")[-open_blocks - 1 - (open_blocks > 0)]
    cost = part_cost("inception_v3", border, ["Mixed_7c"])
    assert cost.parameters - cost.scales + HEAD == trained


def test_all_parameters_are_the_papers():
    cost = part_cost("inception_v3", IMAGES, ["Mixed_7c"])
    assert cost.parameters - cost.scales + HEAD == 21_784_744
    assert cost.statistics == 21_819_176 - 21_784_744


@pytest.mark.parametrize(
    ("removed", "total"),
    [(0, 21_819_176), (1, 15_739_112), (3, 8_981_416), (5, 5_144_808), (7, 2_153_128)],
)
def test_cut_networks_have_the_papers_size(removed, total):
    """Table VII: the last n blocks removed."""
    cost = part_cost("inception_v3", IMAGES, [INCEPTION_BLOCKS[10 - removed]])
    (channels, *_) = cost.outputs[0]
    assert cost.parameters - cost.scales + cost.statistics + channels * 8 + 8 == total


def test_pooling_gives_vectors():
    maps, tokens, vectors = torch.rand(2, 5, 3, 4), torch.rand(2, 7, 5), torch.rand(2, 5)
    assert torch.allclose(pool(maps), maps.flatten(2).mean(2))
    assert torch.allclose(pool(tokens), tokens.mean(1))
    assert torch.equal(pool(vectors), vectors)
