import pytest

from strata.models.architectures.builder import build
from strata.models.architectures.flops import cost_table
from strata.models.architectures.presets.tinynet import tinynet


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
