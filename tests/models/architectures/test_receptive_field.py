"""Receptive fields are where gradients reach the image."""

import pytest
import torch
from torch import nn

from strata.models.architectures.architecture import Architecture
from strata.models.architectures.builder import build
from strata.models.architectures.flops import cost_table
from strata.models.architectures.receptive_field import Extent, Field, FieldInterpreter

BRANCHES = {
    "normalization": "none",
    "blocks": [
        {"filters": 4, "stride": 2},
        {
            "branches": [
                [{"filters": 4, "kernel": 1}],
                [{"filters": 4}, {"filters": 4, "kernel": 5}],
            ]
        },
        {"filters": 6, "residual": True, "repeat": 2, "pool": "average"},
        {"filters": 6, "stride": 2, "residual": True},
    ],
}
PLAIN = {"normalization": "none", "activation": "silu"}
DESCRIPTIONS = {
    "branches": {**BRANCHES, "activation": "silu"},
    "tinynet": {"name": "tinynet", "widths": [8, 8, 8], **PLAIN},
    "tinynet-residual": {"name": "tinynet-residual", "widths": [6, 6, 6], "depth": 2, **PLAIN},
    "lenet-5": {"name": "lenet-5", "activation": "silu"},
    "cnn": {"name": "cnn", "filters": [6, 6], "activation": "silu"},
    "even": {"blocks": [{"filters": 4, "kernel": 4, "stride": 3}, {"filters": 4}], **PLAIN},
}


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_gradients_reach_the_receptive_field_and_nothing_else(name):
    size = 96
    torch.manual_seed(0)
    network = build(Architecture.of(DESCRIPTIONS[name]), image_size=size, num_classes=2).eval()
    images = torch.randn(24, 3, size, size, requires_grad=True)  # a maximum has one source each
    reader = FieldInterpreter(network.blocks, Field(), (size, size))
    maps = reader.run(images)
    row, column = maps.shape[2] // 2, maps.shape[3] // 2
    maps[:, :, row, column].sum().backward()
    reached = images.grad.abs().amax((0, 1)) > 0
    expected = torch.zeros(size, size, dtype=torch.bool)
    y, x = reader.output_field
    expected[
        y.first + row * y.step : y.last + row * y.step + 1,
        x.first + column * x.step : x.last + column * x.step + 1,
    ] = True
    rows, columns = (reached.any(axis).nonzero() for axis in (1, 0))
    assert [rows.min(), rows.max()] == [y.first + row * y.step, y.last + row * y.step]
    assert [columns.min(), columns.max()] == [x.first + column * x.step, x.last + column * x.step]
    assert not (reached & ~expected).any()


def test_the_table_holds_the_fields_of_a_textbook_example():
    """Two 5x5 convolutions, each with 2x2 pooling: 5, 6, 14, 16 pixels."""
    rows = cost_table("lenet-5", image_size=32, num_classes=10)
    assert [row.receptive_field for row in rows] == [(n, n) for n in (5, 6, 14, 16, 32, 32, 32)]
    assert [row.kernel for row in rows] == [(5, 5), (2, 2), (5, 5), (2, 2), (), (), ()]


def test_a_larger_map_has_a_larger_field():
    """The last map of ResNet-18 (Araujo et al. 2019: 435 pixels), in functions and modules."""
    from torchvision.models import resnet18

    with torch.device("meta"):
        network = resnet18().eval()
        body = nn.Sequential(*list(network.children())[:-2])
        reader = FieldInterpreter(body, Field(), (224, 224))
        reader.run(torch.empty(1, 3, 224, 224))
    assert reader.output_field.size == (435, 435)
    assert reader.output_field.y.step == 32


def test_the_hull_of_two_extents():
    assert Extent(-3, 4, 2).joined(Extent(0, 9, 2)) == Extent(-3, 9, 2)
