import pytest
import torch

from strata.models.architectures.builder import build
from strata.models.architectures.flops import cost_table
from strata.models.architectures.presets.tinynet import tinynet, tinynet_residual


@pytest.mark.parametrize(
    ("widths", "depthwise", "parameters"),
    [
        ((32, 64, 128, 256), False, 390_952),
        ((16, 32, 64, 128), False, 98_712),
        ((32, 64, 128), False, 94_504),
        ((16, 32, 64), False, 24_216),
        ((32, 64, 128, 256), True, 48_617),
        ((16, 32, 64, 128), True, 13_577),
        ((16, 32, 64), True, 3_913),
    ],
)
def test_parameter_counts_are_the_papers(widths, depthwise, parameters):
    description = tinynet(widths, depthwise=depthwise)
    network = build(description, image_size=64, num_classes=8)
    assert sum(p.numel() for p in network.parameters()) == parameters
    rows = cost_table(description, image_size=64, num_classes=8)
    assert sum(row.parameters for row in rows) == parameters


def test_maps_halve_from_block_to_block():
    rows = cost_table(tinynet(), image_size=64, num_classes=8)
    maps = [row.output for row in rows if row.kind == "Conv2d"]
    assert maps == [(32, 32, 32), (64, 16, 16), (128, 8, 8), (256, 4, 4)]


def _parameters(**arguments) -> int:
    rows = cost_table(tinynet_residual(**arguments), image_size=64, num_classes=8)
    return sum(row.parameters for row in rows)


def test_wider_depthwise_filters_cost_few_parameters_and_leave_the_first_convolution():
    channels = 24 + 48 + 48 + 96 + 96  # inputs of the depthwise blocks
    assert _parameters(kernel=5) - _parameters() == channels * (5**2 - 3**2)


def test_the_micro_network_sees_two_thirds_of_an_image_of_64_pixels():
    network = build("tinynet-micro", image_size=64, num_classes=8).eval()
    images = torch.randn(1, 3, 64, 64, requires_grad=True)
    maps = network.feature_maps(images)
    maps[0, :, 4, 4].sum().backward()
    assert images.grad is not None
    seen = images.grad.abs().sum((0, 1, 2)).nonzero()
    assert seen.max() - seen.min() + 1 == 43
