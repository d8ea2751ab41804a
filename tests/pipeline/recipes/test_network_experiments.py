"""The experiment files of networks describe networks that can be built, the paper's among them."""

import json
from functools import cache
from pathlib import Path

import pytest
import torch

from strata.models.architectures.flops import cost_table
from strata.models.training.augment_config import Augmentation
from strata.pipeline.experiment.file import read_experiment
from strata.pipeline.recipes.registry import known_recipes

FOLDER = Path(__file__).parents[3] / "experiments"
FILES = sorted([*FOLDER.glob("paper/networks_*.toml"), *FOLDER.glob("studies/*.toml")])
#: The largest TinyNet: biases in place of scales and shifts.
WITHOUT_NORMALIZATION = 390_952 - (32 + 64 + 128 + 256)


@pytest.fixture(autouse=True)
def one_torch_thread():
    """Threads that wait for each other on a busy machine would take minutes."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def networks(path):
    """For each method of a file: name in the file, variant, rows of its network's cost table."""
    for method in read_experiment(path).methods:
        recipe = known_recipes()[method.recipe]
        settings = recipe.checked(method.settings, method.name)
        if "network" not in settings:
            continue
        network = settings["network"]
        window = Augmentation.of(network["augmentation"]).window(settings["images"]["size"])
        rows = layer_table(json.dumps(network["architecture"]), window)
        yield method.variant_of or method.name, method.name, rows


@cache
def layer_table(architecture, image_size):
    return cost_table(json.loads(architecture), image_size=image_size, num_classes=8)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_network_of_the_experiments_can_be_built(path):
    assert all(rows for _, _, rows in networks(path))


#: Sizes of the paper's networks (its tables V and IX to XIX); 66,344 counts moving statistics.
#: tests/models/transfer/test_subgraph_flops.py has those of its tables VI and VII.
PARAMETERS = {
    ("networks_mlp", "rate"): [6_309_896] * 4,
    ("networks_cnn", "kernel"): [17_576, 19_368, 34_472, 57_256],
    ("networks_cnn", "filters"): [3_120, 7_384, 19_368, 57_160, 188_040, 29_480],
    ("networks_cnn", "activation"): [29_480] * 3,
    ("networks_cnn", "initialization"): [29_480] * 5,
    ("networks_cnn", "depth"): [19_368, 20_424, 29_672, 38_152],
    ("networks_cnn", "optimizer"): [66_344] * 3,
    ("networks_cnn", "rate"): [66_344] * 4,
    ("networks_cnn", "size"): [66_344] * 4,
    ("networks_tinynet", "initialization"): [WITHOUT_NORMALIZATION] * 2,
    ("networks_tinynet", "normalization"): [WITHOUT_NORMALIZATION, 390_952],
    ("networks_tinynet", "widths"): [390_952, 98_712, 94_504, 24_216],
    ("networks_tinynet", "depthwise"): [48_617, 13_577, 3_913],
}


@pytest.mark.parametrize(("file", "name"), PARAMETERS)
def test_sweeps_go_over_the_papers_networks(file, name):
    path = next(path for path in FILES if path.stem == file)
    found = [
        sum(row.parameters + (row.statistics if file == "networks_cnn" else 0) for row in rows)
        for of, _, rows in networks(path)
        if of == name
    ]
    assert found == PARAMETERS[file, name]
