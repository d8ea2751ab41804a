import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from strata.errors import InputError
from strata.models.architectures.architecture import Architecture
from strata.models.architectures.block_spec import Block, Branches, Pooling
from strata.models.architectures.builder import build
from strata.models.architectures.dropout import seed_dropout
from strata.models.architectures.flops import cost_table
from strata.models.architectures.initialization import lsuv_init
from strata.models.architectures.presets.tinynet import tinynet
from strata.models.architectures.registry import (
    ACTIVATIONS,
    CONVOLUTIONS,
    HEAD_POOLS,
    INITIALIZATIONS,
    NORMALIZATIONS,
    POOLS,
)

BLOCKS = st.builds(
    Block,
    filters=st.integers(1, 9),
    kernel=st.sampled_from([3, 5]),
    stride=st.integers(1, 2),
    convolution=st.sampled_from(CONVOLUTIONS),
    repeat=st.integers(1, 2),
    normalization=st.sampled_from(
        [*sorted(NORMALIZATIONS), {"name": "local-response", "n": 3, "alpha": 0.5}]
    ),
    activation=st.sampled_from([*sorted(ACTIVATIONS), {"name": "leaky-relu", "slope": 0.3}]),
    activation_first=st.booleans(),
    between=st.booleans(),
    residual=st.booleans(),
    squeeze=st.integers(0, 3),
    pool=st.sampled_from(sorted(POOLS)),
    pool_size=st.integers(1, 3),
    pool_stride=st.integers(0, 2),
)
POOLINGS = st.builds(
    Pooling,
    pool=st.sampled_from(sorted(POOLS)),
    pool_size=st.just(3),
    pool_stride=st.integers(0, 2),
)


def plain(part):
    if isinstance(part, Branches):
        return {"branches": [[plain(block) for block in branch] for branch in part.branches]}
    return vars(part)


SAME_SIZE = st.builds(
    Block,
    filters=st.integers(1, 5),
    kernel=st.sampled_from([1, 3, (1, 7), (5, 3)]),
    unit_dropout=st.sampled_from([0.0, 0.3]),
) | st.builds(
    Pooling, pool=st.sampled_from(sorted(POOLS)), pool_size=st.just(3), pool_stride=st.just(1)
)


def branches_of(parts):
    branches = st.lists(st.lists(parts, max_size=2).map(tuple), min_size=1, max_size=3)
    return st.builds(Branches, branches=branches.map(tuple))


BRANCHES = st.recursive(
    branches_of(SAME_SIZE), lambda one: branches_of(SAME_SIZE | one), max_leaves=3
)
#: Strided 1x1 convolutions of few channels are where oneDNN writes beyond its memory.
ONE_PIXEL = st.builds(Block, filters=st.integers(1, 9), kernel=st.just(1), stride=st.integers(1, 3))


@given(
    st.lists(BLOCKS | ONE_PIXEL | BRANCHES | POOLINGS, max_size=3),
    st.sampled_from(sorted(HEAD_POOLS)),
    st.sampled_from(sorted(INITIALIZATIONS)),
)
@settings(max_examples=60, deadline=None)
def test_every_description_builds_scores_and_survives_a_round_trip(blocks, pool, initialization):
    given_ = Architecture.from_dict(
        {
            "blocks": [plain(block) for block in blocks],
            "head": {"pool": pool, "hidden": [5]},
            "initialization": initialization,
        }
    )
    assert given_.blocks == tuple(blocks)
    assert Architecture.from_dict(given_.to_dict()) == given_
    try:
        network = build(given_, image_size=32, num_classes=3).to(memory_format=torch.channels_last)
    except InputError:  # after many strides and poolings nothing is left
        assume(False)
    images = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8)
    seed_dropout(network, 0, torch.device("cpu"))
    scores = network(images)
    assert scores.shape == (2, 3)
    assert torch.isfinite(scores).all()
    scores.sum().backward()


def test_block_keys_at_the_top_are_defaults():
    network = Architecture.from_dict(
        {"activation": "elu", "blocks": [{"filters": 4}, {"filters": 4, "activation": "tanh"}]}
    )
    assert [block.activation for block in network.blocks] == ["elu", "tanh"]


@pytest.mark.parametrize(
    ("description", "says"),
    [
        ({"blocks": [{"filters": 4, "kernal": 3}]}, "'kernel'"),
        ({"bloks": []}, "'blocks'"),
        ({"blocks": [{"kernel": 3}]}, "no 'filters'"),
        ({"blocks": [{"filters": 4, "activation": "rellu"}]}, "'relu'"),
        ({"blocks": [{"filters": 0}]}, "at least 1"),
        ({"blocks": [{"filters": 4, "padding": 3}]}, "smaller than its kernel"),
        ({"blocks": [{"filters": 4, "kernel": 1, "convolution": "depthwise"}]}, "larger than 1"),
        ({"blocks": [{"filters": 4, "kernel": [3, 3, 3]}]}, "[height, width]"),
        ({"blocks": [{"filters": 4, "kernel": [1, "a"]}]}, "[height, width]"),
        ({"blocks": [{"filters": 4, "kernel": [1, 7], "padding": [1, 0]}]}, "smaller than"),
        ({"blocks": [{"filters": 4, "kernel": "3"}]}, "cannot be '3'"),
        ({"blocks": [{"filters": 4, "unit_dropout": 1.0}]}, "unit_dropout"),
        ({"blocks": [{"filters": 4, "pool": "max-3"}]}, 'pool = "max", pool_size = 3'),
        ({"blocks": [{"pool": "average-3"}]}, 'pool = "average", pool_size = 3'),
        ({"blocks": [{"pool": "maximum"}]}, "Unknown pool"),
        ({"blocks": [{"pool": "max", "kernel": 3}]}, "without 'filters'"),
        ({"blocks": [{"pool": "max", "pool_size": 0}]}, "pool_size"),
        ({"blocks": [{"pool": "max", "pool_padding": 2}]}, "pool_padding"),
        ({"blocks": [{"filters": 4, "activation": {"slope": 0.1}}]}, "needs a 'name'"),
        ({"blocks": [{"filters": 4, "activation": {"name": "leaky-relu", "slop": 1}}]}, "'slope'"),
        ({"blocks": [{"filters": 4, "activation": {"name": "relu", "slope": 1}}]}, "no options"),
        ({"blocks": [{"filters": 4, "normalization": {"name": "groop"}}]}, "'group'"),
        ({"blocks": [{"filters": 6, "normalization": {"name": "group", "groups": 4}}]}, "divisor"),
        ({"blocks": [{"filters": 6, "normalization": {"name": "group", "groups": 1.5}}]}, "whole"),
        ({"blocks": [{"filters": 6, "normalization": {"name": "local-response", "n": 4}}]}, "odd"),
        (
            {"blocks": [{"filters": 6, "normalization": {"name": "local-response", "k": 0}}]},
            "k above",
        ),
        ({"blocks": [{"filters": 4, "dropout": 1.0}]}, "dropout"),
        ({"blocks": [], "head": {"pool": "avarage"}}, "'average'"),
        ({"blocks": [], "initialization": "he-norml"}, "'he-normal'"),
        ({"name": 5}, "'name' in an architecture"),
        (
            {"blocks": [{"filters": 3}], "auxiliary": [{"after": 1}, {"after": 1}]},
            "one auxiliary head",
        ),
        ({"blocks": [{"filters": 3}], "auxiliary": [{"after": 1, "dropout": 1}]}, "dropout"),
        ({"blocks": [{"filters": 3}], "auxiliary": [{"after": 1, "hidden": [0]}]}, "'hidden'"),
        ({"blocks": [{"filters": 3}], "auxiliary": [{"after": 1, "pool_size": 99}]}, "16 x 16"),
        ({"blocks": [{"filters": 3}], "auxiliary": [{"after": 1, "filters": -1}]}, "0 or more"),
        ({"blocks": [{"branches": []}]}, "empty"),
        ({"blocks": [{"branches": [[{"filtres": 2}]]}]}, "'filters'"),
        ({"blocks": [{"filters": 4}], "auxiliary": [{"after": 2}]}, "of 1"),
        ({"blocks": [{"filters": 4}], "auxiliary": [{"weight": 2}]}, "no 'after'"),
        ({"blocks": [{"filters": 4}], "auxiliary": [{"after": 1, "weight": np.nan}]}, "weight nan"),
        ({"name": "tinynett"}, "'tinynet'"),
        ({"name": "tinynet", "widths": 5}, "cannot have"),
        ({"name": "tinynet-residual", "widths": [5]}, "cannot have"),
        ({"name": "tinynet", "widths": ["wide"]}, "a valid integer"),
        ({"name": "tinynet", "depthwise": 3}, "a valid boolean"),
        ({"blocks": [{"filters": 2.5}]}, "cannot be 2.5"),
        ({"blocks": [{"filters": True}]}, "cannot be True"),
        ({"blocks": [{"filters": 2, "residual": "yes"}]}, "cannot be 'yes'"),
        ({"blocks": [3]}, "must be a table"),
        ({"blocks": {"filters": 3}}, "'blocks'"),
        ({"blocks": [{"branches": [3]}]}, "must be"),
        ({"blocks": [], "head": {"hidden": 5}}, "'hidden'"),
        ({"blocks": [], "head": {"hidden": ["a"]}}, "'hidden'"),
        ({"name": "tinynet", "width": [4]}, "'widths'"),
    ],
)
def test_wrong_descriptions_are_explained(description, says):
    with pytest.raises(InputError) as caught:
        build(description, image_size=16, num_classes=2)
    assert says in str(caught.value)


def test_too_small_an_image_is_explained():
    with pytest.raises(InputError, match="do not pass"):
        build({"padding": 0, "blocks": [{"filters": 2}] * 4}, image_size=8, num_classes=2)


def test_the_seed_fixes_the_weights_and_the_global_generator_is_left_alone():
    before = torch.random.get_rng_state()
    first, again, other = (
        build(tinynet((4, 4)), image_size=16, num_classes=2, seed=s) for s in (1, 1, 2)
    )
    assert torch.equal(torch.random.get_rng_state(), before)
    for a, b in zip(first.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)
    assert not torch.equal(first.blocks[0].layers[0][0].weight, other.blocks[0].layers[0][0].weight)


@pytest.mark.parametrize(
    ("scheme", "variance"),
    [
        ("he-normal", 2 / (30 * 9)),
        ("he-uniform", 2 / (30 * 9)),
        ("glorot-normal", 2 / (70 * 9)),
        ("glorot-uniform", 2 / (70 * 9)),
        ("normal", 0.0025),
        ("zeros", 0.0),
    ],
)
def test_initial_weights_have_the_variance_of_their_scheme(scheme, variance):
    description = {"blocks": [{"filters": 30}, {"filters": 40}], "initialization": scheme}
    weight = build(description, image_size=8, num_classes=2).blocks[1].layers[0][0].weight
    assert weight.var().item() == pytest.approx(variance, rel=0.1)
    assert weight.mean().item() == pytest.approx(0, abs=0.005)


def test_a_strided_pointwise_convolution_is_the_usual_one():
    description = {"blocks": [{"filters": 5, "kernel": 1, "stride": 2, "activation": "none"}]}
    network = build({**description, "normalization": "none"}, image_size=9, num_classes=2)
    x = torch.randn(2, 3, 9, 9)
    weight = network.blocks[0].layers[0][0][1].weight
    expected = torch.nn.functional.conv2d(x, weight, stride=2)
    np.testing.assert_allclose(network.blocks(x).detach(), expected.detach(), atol=1e-5)


def test_a_residual_block_adds_its_input():
    description = {"blocks": [{"filters": 3, "residual": True, "normalization": "none"}]}
    network = build({**description, "initialization": "zeros"}, image_size=8, num_classes=2)
    x = torch.randn(2, 3, 8, 8)
    assert torch.equal(network.blocks(x), x.relu())


def test_images_are_standardized_by_the_training_images():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (5, 8, 8, 3)).astype(np.uint8)
    pixels[..., 2] //= 3
    network = build({"blocks": []}, image_size=8, num_classes=2)
    network.fit_standardization(pixels)
    channels = pixels.reshape(-1, 3).astype(float)
    np.testing.assert_allclose(network.mean, channels.mean(0), rtol=1e-6)
    np.testing.assert_allclose(network.deviation, channels.std(0), rtol=1e-6)
    expected = ((channels - channels.mean(0)) / channels.std(0)).reshape(5, -1, 3).mean(1)
    embedded = network.embed(torch.from_numpy(pixels).permute(0, 3, 1, 2))
    np.testing.assert_allclose(embedded, expected, atol=1e-5)


def test_a_constant_channel_does_not_divide_by_zero():
    network = build({"blocks": []}, image_size=4, num_classes=2)
    network.fit_standardization(np.full((2, 4, 4, 3), 7, np.uint8))
    assert torch.isfinite(network(torch.full((1, 3, 4, 4), 9.0))).all()


def test_multiply_adds_count_every_application_of_a_weight():
    description = {
        "blocks": [
            {"filters": 6, "kernel": 5, "stride": 2},
            {"filters": 8, "convolution": "depthwise"},
        ],
        "head": {"hidden": [10]},
    }
    rows = cost_table(description, image_size=16, num_classes=4)
    expected = 8 * 8 * (25 * 3 * 6) + 8 * 8 * (9 * 6 + 6 * 8) + 8 * 10 + 10 * 4
    assert sum(row.multiply_adds for row in rows) == expected


def test_branches_concatenate_their_maps():
    ones = [{"filters": 2, "kernel": 1}], [{"filters": 3}], []
    network = build({"blocks": [{"branches": list(ones)}]}, image_size=8, num_classes=2)
    x = torch.randn(2, 3, 8, 8)
    y = network.blocks(x)
    assert y.shape == (2, 8, 8, 8)
    assert torch.equal(y[:, 5:], x)


def test_branches_that_shrink_maps_differently_are_explained():
    branches = [[{"filters": 2}], [{"filters": 2, "stride": 2}]]
    with pytest.raises(InputError, match="differently"):
        build({"blocks": [{"branches": branches}]}, image_size=8, num_classes=2)


def test_auxiliary_heads_teach_the_blocks_before_them_and_no_others():
    description = {"blocks": [{"filters": 4}] * 3, "auxiliary": [{"after": 2, "weight": 0.4}]}
    network = build(description, image_size=8, num_classes=2)
    images = torch.rand(2, 3, 8, 8) * 255
    (one, scores), (weight, early) = network.all_scores(images)
    assert (one, weight) == (1.0, 0.4)
    early.sum().backward()
    assert network.blocks[1].layers[0][0].weight.grad is not None
    assert network.blocks[2].layers[0][0].weight.grad is None
    torch.testing.assert_close(network.eval()(images), network.all_scores(images)[0][1])
    assert scores.shape == early.shape
    plain_rows = cost_table({"blocks": [{"filters": 4}] * 3}, image_size=8, num_classes=2)
    assert cost_table(description, image_size=8, num_classes=2) == plain_rows


def test_lsuv_leaves_a_layer_whose_output_is_constant():
    description = {
        "normalization": "none",
        "blocks": [{"filters": 4}],
        "head": {"hidden": [3]},
        "initialization": "lsuv",
    }
    network = build(description, image_size=8, num_classes=2).eval()
    with torch.no_grad():
        network.head[0].weight.copy_(-network.head[0].weight.abs())  # sums of what a ReLU gives
    before = network.head[-1].weight.clone()
    lsuv_init(network, torch.randint(0, 256, (8, 3, 8, 8)))
    assert torch.equal(network.head[-1].weight, before)


def test_layer_sequential_unit_variance():
    description = {
        "normalization": "none",
        "blocks": [{"filters": 8}, {"filters": 8, "convolution": "depthwise"}],
        "head": {"hidden": [16]},
        "initialization": "lsuv",
    }
    network = build(description, image_size=16, num_classes=4).eval()
    images = torch.randint(0, 256, (32, 3, 16, 16), generator=torch.Generator().manual_seed(0))
    lsuv_init(network, images)
    seen = []
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
            module.register_forward_hook(lambda _, __, output: seen.append(output.std().item()))
    network(images)
    assert seen == pytest.approx([1.0] * 5, rel=1e-4)


def test_arguments_of_a_preset_need_its_name():
    """As a search over `network.architecture.activation` would give where none is named."""
    with pytest.raises(InputError, match="neither a 'name' nor 'blocks'"):
        build({"activation": "elu"}, image_size=8, num_classes=2)
