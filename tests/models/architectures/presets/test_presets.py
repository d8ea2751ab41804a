import pytest

from strata.errors import InputError
from strata.models.architectures.architecture import Architecture
from strata.models.architectures.builder import build
from strata.models.architectures.flops import cost_table
from strata.models.architectures.presets.by_name import PRESETS


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_builds(name):
    assert Architecture.of(name) == Architecture.from_dict(Architecture.of(name).to_dict())
    build(name, image_size=224 if name == "googlenet" else 64, num_classes=8)


#: Tables IX to XIII of arXiv:2105.04895, whose networks take 32 pixels; of 4 and 5 convolutions the
#: first must keep the size too, or nothing is left of the maps.
CNN_ROWS = [
    *(({"filters": [32, 32], "kernel": k}, n) for k, n in {1: 17_576, 3: 19_368}.items()),
    *(({"filters": [32, 32], "kernel": k}, n) for k, n in {5: 34_472, 7: 57_256}.items()),
    *(({"filters": [f, f]}, n) for f, n in {8: 3_120, 16: 7_384, 32: 19_368}.items()),
    *(({"filters": [f, f]}, n) for f, n in {64: 57_160, 128: 188_040}.items()),
    ({"filters": [64, 32]}, 29_480),
    *(({"activation": name}, 29_480) for name in ("relu", "elu", "tanh")),
    *(
        ({"initialization": name}, 29_480)
        for name in ("glorot-uniform", "glorot-normal", "he-normal", "normal", "zeros")
    ),
    ({"filters": [32] * 2}, 19_368),
    ({"filters": [32] * 3}, 20_424),
    ({"filters": [32] * 4, "padding": -1}, 29_672),
    ({"filters": [32] * 5, "padding": [-1] * 5}, 38_152),
]


@pytest.mark.parametrize(("arguments", "parameters"), CNN_ROWS)
def test_the_papers_own_networks_have_its_parameter_counts(arguments, parameters):
    rows = cost_table({"name": "cnn", **arguments}, image_size=32, num_classes=8)
    assert sum(row.parameters for row in rows) == parameters


def test_each_convolution_may_have_its_own_padding():
    def maps(padding):
        network = {"name": "cnn", "filters": [4] * 4, "padding": padding}
        rows = cost_table(network, image_size=32, num_classes=8)
        return [row.output[1] for row in rows if row.kind == "Conv2d"]

    assert maps(-1) == [32, 16, 8, 4]
    assert maps([0, -1, -1, -1]) == [30, 15, 7, 3]
    with pytest.raises(InputError, match="cannot have"):
        maps([0, -1])


@pytest.mark.parametrize("image_size", [16, 32, 64, 128])
def test_the_papers_network_with_batch_norm_counts_its_moving_statistics_too(image_size):
    """Tables XIV to XVI and figure 18: 66,344, of which 128 means and variances are not trained."""
    rows = cost_table("cnn-pooled", image_size=image_size, num_classes=8)
    assert sum(row.parameters for row in rows) == sum(row.trainable for row in rows) == 66_216
    assert sum(row.statistics for row in rows) == 2 * 64
    assert sum(row.parameters + row.statistics for row in rows) == 66_344


def test_the_authors_deeper_network_can_be_described_and_counted():
    layers = [{"filters": filters, "kernel": 3} for filters in (32, 32, 32, 64, 64, 128, 128, 128)]
    description = {
        "normalization": "batch",
        "bias": True,
        "blocks": [*layers, {"filters": 8, "kernel": 1}],
        "head": {"pool": "average"},
        "dropout": 0.5,
    }
    rows = cost_table(description, image_size=64, num_classes=8)
    assert sum(row.parameters + row.statistics for row in rows) == 447_408


def test_the_papers_patch_network():
    rows = cost_table({"name": "mlp", "hidden": [2048]}, image_size=64, num_classes=8)
    assert sum(row.parameters for row in rows) == 25_184_264


def test_lenet_has_its_maps_and_widths():
    rows = cost_table("lenet-5", image_size=32, num_classes=10)
    maps = [(6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 5, 5)]
    assert [row.output for row in rows] == [*maps, (120,), (84,), (10,)]
    named = ["block1", "block1", "block2", "block2", "hidden1", "hidden2", "scores"]
    assert [row.name for row in rows] == named
    color = 2 * 25 * 6  # the original saw one channel
    assert sum(row.parameters for row in rows) == 156 + color + 2416 + 48120 + 10164 + 850


@pytest.mark.parametrize(("name", "most"), [("tinynet-micro", 4_000), ("tinynet-residual", 50_000)])
def test_small_networks_are_small(name, most):
    rows = cost_table(name, image_size=64, num_classes=8)
    assert sum(row.parameters for row in rows) <= most


@pytest.mark.parametrize("residual", [True, False])
def test_depth_adds_blocks_and_shortcuts_cost_nothing(residual):
    def blocks(depth):
        description = {"name": "tinynet-residual", "depth": depth, "residual": residual}
        return [
            (row.output[0], row.output[1])
            for row in cost_table(description, image_size=32, num_classes=2)
            if row.kernel == (1, 1)
        ]

    once, twice = blocks(1), blocks(2)
    assert once == [(48, 8), (48, 8), (96, 4), (96, 4), (160, 2)]
    assert twice == [(48, 8)] * 3 + [(96, 4)] * 3 + [(160, 2)]
