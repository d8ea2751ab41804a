"""The layer table with activations, dropout and auxiliary heads."""

from dataclasses import replace

import pytest

from strata.models.architectures.flops import cost_table
from strata.models.architectures.presets.by_name import PRESETS
from strata.pipeline.reporting.described_layers import DescribedLayer, described_layers

BLOCKS = [
    {
        "filters": 8,
        "normalization": {"name": "local-response", "alpha": 0.5},
        "pool": "max",
        "dropout": 0.1,
    },
    {
        "filters": 8,
        "residual": True,
        "squeeze": 2,
        "activation": {"name": "leaky-relu", "slope": 0.2},
        "unit_dropout": 0.2,
    },
    {"branches": [[{"filters": 4, "normalization": "local-response-within"}], []]},
]
HEAD = {"hidden": [16], "activation": "tanh", "dropout": 0.3}
AUXILIARY = {"after": 2, "weight": 0.25, "filters": 4, "hidden": [5], "dropout": 0.5}


@pytest.fixture(scope="module")
def rows():
    description = {"blocks": BLOCKS, "head": HEAD, "auxiliary": [AUXILIARY]}
    return described_layers(description, image_size=16, num_classes=3)


def test_activation_and_dropout_follow_the_layer_they_come_after(rows):
    found = [(row.name, row.kind, row.followed_by) for row in rows[:10]]
    assert found == [
        ("block1", "Conv2d", ""),
        ("block1", "LocalResponseNorm", "ReLU"),
        ("block1", "MaxPool2d", "dropout 0.1"),
        ("block2", "Conv2d", ""),
        ("block2", "BatchNorm", ""),
        ("block2", "Linear", "ReLU"),
        ("block2", "Linear", "Sigmoid, sum, LeakyReLU(0.2), dropout 0.2"),
        ("block3.1.1", "Conv2d", ""),
        (
            "block3.1.1",
            "LocalResponseNormWithin",
            "ReLU, average over the maps, dropout 0.3",
        ),
        ("hidden1", "Linear", "Tanh, dropout 0.3"),
    ]


def test_an_auxiliary_head_is_there_and_is_in_training_only(rows):
    head = [row for row in rows if row.training_only]
    assert {row.name for row in head} == {"auxiliary/block2"}
    assert rows[-len(head) :] == head
    scale_and_shift = 2 * 4
    assert sum(row.parameters for row in head) == 8 * 4 + scale_and_shift + 5 * 5 + 6 * 3
    assert head[-1].followed_by == "weight 0.25 in the loss"


def test_the_first_dropout_of_a_perceptron_is_told_with_its_first_layer():
    given = {"name": "mlp", "hidden": [4], "dropout": 0.2}
    first, *_ = described_layers(given, image_size=8, num_classes=2)
    assert first.followed_by.endswith("before it: flattened, dropout 0.2")


@pytest.mark.parametrize("name", PRESETS)
def test_costs_are_those_of_the_plain_table(name):
    size = 224 if name == "googlenet" else 64
    table = cost_table(name, image_size=size, num_classes=4)
    rows = described_layers(name, image_size=size, num_classes=4)
    full = [replace(row, followed_by="") for row in rows if not row.training_only]
    plain = [DescribedLayer.of(cost) for cost in table]
    assert [row for row in full if row in plain] == plain
    assert all(row.parameters == row.multiply_adds == 0 for row in full if row not in plain)
