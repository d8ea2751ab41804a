import pytest

from strata.models.architectures.builder import build
from strata.models.architectures.flops import cost_table, count_parameters
from strata.models.architectures.tinynet import tinynet


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
    assert count_parameters(build(description, side=64, classes=8)) == parameters
    rows = cost_table(description, side=64, classes=8)
    assert sum(row.parameters for row in rows) == parameters


def test_maps_halve_from_block_to_block():
    rows = cost_table(tinynet(), side=64, classes=8)
    maps = [row.output for row in rows if row.kind == "Conv2d"]
    assert maps == [(32, 32, 32), (64, 16, 16), (128, 8, 8), (256, 4, 4)]
