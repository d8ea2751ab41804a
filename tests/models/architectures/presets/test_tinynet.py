import pytest

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


def test_squeeze_and_excitation_is_in_the_blocks_that_keep_the_size():
    def gates(width: int, hidden: int) -> int:
        return 2 * width * hidden + width + hidden

    more = _parameters(squeeze=8) - _parameters()
    assert more == gates(48, 8) + gates(96, 8)


def test_full_convolutions_keep_the_shapes():
    def maps(depthwise: bool) -> list[tuple[int, ...]]:
        description = tinynet_residual(depthwise=depthwise)
        table = cost_table(description, image_size=64, num_classes=8)
        outputs = [row.output for row in table if row.kind == "Conv2d"]
        return outputs[:1] + outputs[2::2] if depthwise else outputs

    assert maps(True) == maps(False)
