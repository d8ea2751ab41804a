"""The layer table with activations, dropout and auxiliary heads."""

import pytest

from strata.models.architectures.described_layers import described_layers
from strata.models.architectures.flops import cost_table
from strata.models.architectures.presets.by_name import PRESETS

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
    found = [(row.cost.name, row.cost.kind, row.followed_by) for row in rows[:10]]
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
    assert {row.cost.name for row in head} == {"auxiliary/block2"}
    assert rows[-len(head) :] == head
    scale_and_shift = 2 * 4
    assert sum(row.cost.parameters for row in head) == 8 * 4 + scale_and_shift + 5 * 5 + 6 * 3
    assert head[-1].followed_by == "weight 0.25 in the loss"


@pytest.mark.parametrize("name", PRESETS)
def test_costs_are_those_of_the_plain_table(name):
    size = 224 if name == "googlenet" else 64
    plain = cost_table(name, image_size=size, num_classes=4)
    rows = described_layers(name, image_size=size, num_classes=4)
    full = [row.cost for row in rows if not row.training_only]
    assert [cost for cost in full if cost in plain] == plain
    assert all(cost.parameters == cost.multiply_adds == 0 for cost in full if cost not in plain)
