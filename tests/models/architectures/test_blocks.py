"""Blocks against references written by hand."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from strata.models.architectures.builder import build
from strata.models.architectures.dropout import seed_dropout


def network_of(*blocks, **defaults):
    defaults = {"normalization": "none", **defaults}
    return build({**defaults, "blocks": list(blocks)}, image_size=15, num_classes=2).eval()


def convolutions(network):
    return [m for m in network.blocks.modules() if isinstance(m, nn.Conv2d)]


def test_an_inception_block_with_pooling_before_its_projection():
    """Szegedy et al. 2015, figure 2b."""
    pooled = [
        {"pool": "max", "pool_size": 3, "pool_stride": 1},
        {"filters": 3, "kernel": 1},
    ]
    branches = [
        [{"filters": 2, "kernel": 1}],
        [{"filters": 4, "kernel": 1}, {"filters": 5}],
        [{"filters": 2, "kernel": 1}, {"filters": 3, "kernel": 5}],
        pooled,
    ]
    network = network_of({"branches": branches})
    x = torch.randn(2, 3, 15, 15)
    one, three_in, three, five_in, five, projection = convolutions(network)
    relu = functional.relu
    expected = torch.cat(
        [
            relu(one(x)),
            relu(three(relu(three_in(x)))),
            relu(five(relu(five_in(x)))),
            relu(projection(functional.max_pool2d(x, 3, 1, 1))),
        ],
        1,
    )
    assert projection.weight.shape == (3, 3, 1, 1)
    torch.testing.assert_close(network.blocks(x), expected)


def test_nested_branches_of_one_sided_kernels_and_a_reduction():
    """Inception-v3's expanded block and its reduction (Szegedy et al. 2016, figures 7 and 10)."""
    split = {"branches": [[{"filters": 2, "kernel": [1, 3]}], [{"filters": 2, "kernel": [3, 1]}]]}
    expanded = {"branches": [[{"filters": 3}, split], [{"filters": 1, "kernel": [1, 7]}]]}
    reduction = {
        "branches": [
            [{"filters": 4, "stride": 2, "padding": 0}],
            [{"pool": "max", "pool_size": 3, "pool_stride": 2, "pool_padding": 0}],
        ]
    }
    network = network_of(expanded, reduction)
    x, relu = torch.randn(2, 3, 15, 15), functional.relu
    first, wide, high, seven, strided = convolutions(network)
    assert wide.kernel_size == (1, 3)
    assert seven.padding == (0, 3)
    y = relu(first(x))
    y = torch.cat([relu(wide(y)), relu(high(y)), relu(seven(x))], 1)
    expected = torch.cat([relu(strided(y)), functional.max_pool2d(y, 3, 2)], 1)
    assert expected.shape == (2, 9, 7, 7)
    torch.testing.assert_close(network.blocks(x), expected)


@pytest.mark.parametrize("pool", ["max", "average", "min"])
@pytest.mark.parametrize(("size", "stride", "padding"), [(3, 2, -1), (3, 1, -1), (2, 0, 0)])
def test_pools_with_size_and_stride_apart(pool, size, stride, padding):
    given = {"pool": pool, "pool_size": size, "pool_stride": stride, "pool_padding": padding}
    x = torch.randn(2, 3, 15, 15)
    window = size, stride or size, (size - 1) // 2 if padding < 0 else padding
    expected = {
        "max": lambda: functional.max_pool2d(x, *window),
        "average": lambda: functional.avg_pool2d(x, *window),
        "min": lambda: -functional.max_pool2d(-x, *window),
    }[pool]()
    torch.testing.assert_close(network_of(given).blocks(x), expected)


@pytest.mark.parametrize("convolution", ["full", "depthwise"])
def test_normalization_after_the_activation(convolution):
    given = {"filters": 3, "repeat": 2, "residual": True, "convolution": convolution}
    network = network_of(given, normalization="batch", activation_first=True)
    for number, module in enumerate(network.modules()):
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.fill_(0.1 * number)
            module.running_var.fill_(0.5 + number)
    norms = [m for m in network.blocks.modules() if isinstance(m, nn.BatchNorm2d)]
    layers, x = convolutions(network), torch.randn(2, 3, 15, 15)
    assert all(layer.bias is not None for layer in layers)
    y = x
    for layer, norm in zip(layers[:-1], norms[:-1], strict=True):
        y = norm(functional.relu(layer(y)))
    expected = norms[-1](functional.relu(layers[-1](y) + x))
    torch.testing.assert_close(network.blocks(x), expected)


def test_unit_dropout_drops_single_units_and_dropout_whole_maps():
    x = torch.ones(8, 3, 15, 15)
    for key, whole in (("dropout", True), ("unit_dropout", False)):
        network = network_of({"filters": 3, "kernel": 1, "activation": "none", key: 0.5})
        (layer,) = convolutions(network)
        nn.init.constant_(layer.weight, 1 / 3)
        seed_dropout(network, 0, x.device)
        y = network.train().blocks(x)
        assert set(y.detach().round(decimals=5).unique().tolist()) == {0.0, 2.0}
        maps_are_constant = (y.amax((2, 3)) == y.amin((2, 3))).all()
        assert maps_are_constant == whole
        assert 0.3 < (y == 0).float().mean() < 0.7


def test_an_auxiliary_head_of_googlenet():
    """Szegedy et al. 2015, section 5: average pool, 1x1 convolution, hidden layer, dropout."""
    auxiliary = {
        "after": 1, "pool_size": 5, "pool_stride": 3, "filters": 4, "hidden": [6],
        "dropout": 0.7, "normalization": "none", "weight": 0.2,
    }  # fmt: skip
    network = network_of({"filters": 3}, auxiliary=[auxiliary])
    assert network.auxiliary_weights == {"block1": 0.2}
    head, x = network.auxiliary["block1"], torch.randn(2, 3, 15, 15)
    convolution, (hidden, scores) = head.convolution[0], [head.head[0], head.head[-1]]
    y = functional.relu(convolution(functional.avg_pool2d(x, 5, 3)))
    expected = scores(functional.relu(hidden(y.flatten(1))))
    torch.testing.assert_close(head(x), expected)
    seed_dropout(network, 0, x.device)
    assert not torch.allclose(head.train()(x), expected)
