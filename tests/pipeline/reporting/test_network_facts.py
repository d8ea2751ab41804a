"""Facts of networks for the report: images watched, initial weights, layers, parameters."""

import numpy as np
import pytest

from strata.models.architectures.flops import cost_table
from strata.models.estimators.network_classifier import NetworkClassifier
from strata.pipeline.experiment.compose import compose_one
from strata.pipeline.experiment.file import read_experiment
from strata.pipeline.experiment.resolve import resolve
from strata.pipeline.reporting.costs import _trainable_and_frozen
from strata.pipeline.reporting.description import NoImages, placeholder_fold
from strata.pipeline.reporting.network_facts import begins, layer_rows, one_per_fold
from strata.pipeline.stages.networks import trained
from strata.pipeline.store.store import Store

FILE = """\
[methods.bovw]
[methods.tinynet]
[methods.denoised]
recipe = "tinynet"
network.pretrain_epochs = 2
[methods.deep_svm]
[methods.distilled]
teacher = "tinynet"
[methods.fine_tuned]
[methods.deep_features]
[methods.transferred]
source = "scenes"
[methods.taught]
recipe = "distilled"
teacher = "denoised"
[methods.pupil]
recipe = "distilled"
teacher = "transferred"
[methods.enlarged]
recipe = "tinynet"
test_size = 96
"""


@pytest.mark.parametrize(
    ("method", "weights"),
    [
        ("bovw", ""),
        ("tinynet", "scratch"),
        ("deep_svm", "scratch"),
        ("distilled", "scratch"),  # of a teacher it has the scores, not the weights
        ("pupil", "scratch"),
        ("enlarged", "scratch"),  # the same weights, for images of another size
        ("fine_tuned", "pretrained"),
        ("deep_features", "pretrained"),
        ("denoised", "unsupervised"),
        ("taught", "scratch"),  # only its teacher was pretrained
        ("transferred", "pretrained"),  # by another network of the file
    ],
)
def test_networks_begin_from_scratch_or_from_pretrained_weights(tmp_path, method, weights):
    file = tmp_path / "strata.toml"
    file.write_text(FILE)
    methods = resolve(read_experiment(file))
    node = compose_one(method, methods, NoImages(3), placeholder_fold(3))
    assert begins(node) == weights


def test_a_value_of_each_fold_is_that_of_its_one_network():
    fitted = [[{"watched": "heldout"}, {"classifier": 1}], [{"watched": "heldout"}]]
    assert one_per_fold(fitted, "watched") == ["heldout", "heldout"]
    assert one_per_fold([[{"watched": "heldout"}] * 2], "watched") == []


def test_rows_of_layers_come_from_the_table_of_a_network():
    table = cost_table("tinynet", image_size=32, num_classes=3)
    rows = layer_rows(row._asdict() for row in table)
    assert [row.name for row in rows] == [row.name for row in table]
    assert sum(row.parameters for row in rows) == sum(row.parameters for row in table)
    assert rows[0].receptive_field == (3, 3)


def test_trained_and_frozen_parameters():
    tuned = {"parameters": 30, "trainable_parameters": 30, "frozen_parameters": 900}
    assert _trainable_and_frozen([{"parameters": 900}, tuned], []) == (30, 900)
    assert _trainable_and_frozen([{"parameters": 8}], [{"parameters": 900}]) == (8, 900)
    assert _trainable_and_frozen([{"parameters": 8}], [{"vectors": 1}]) == (None, None)


def test_reports_read_the_layers_of_a_trained_network_without_opening_pickles(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 3)).astype(np.uint8)
    network = NetworkClassifier({"name": "mlp", "hidden": [4]}, image_size=16, epochs=1)
    store = Store(tmp_path).open()
    store.write("0" * 40, trained(network.fit(images, np.arange(8) % 2)), {})
    rows = layer_rows(store.read("0" * 40)["layers"])
    assert [row.output for row in rows] == [(4,), (2,)]
