"""`strata describe`: from the experiment file alone."""

import json

import pytest
from typer.testing import CliRunner

from strata.pipeline.cli.app import app

FILE = """\
[data]
source = "{source}"
[methods.tinynet]
[methods.bovw]
codebook.n_words = 32
histogram.levels = 1
[methods.fisher]
descriptor.color = "opponent"
mixture = {{ n_components = 16, n_dims = 32, position_weight = 1.0 }}
reduction.use = ["standardize", "pca", "lda"]
reduction.pca.n_components = 40
[methods.vlad]
vary = {{ "codebook.n_words" = [8, 16] }}
[methods.both]
recipe = "fusion"
of = ["tinynet", "vlad[n_words=8]"]
[methods.fine_tuned]
weights = "not there"
nodes.freeze_until = "features.9.cat"
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "strata.toml"
    path.write_text(FILE.format(source="scenes"))
    return path


def run(*arguments, code=0):
    done = CliRunner().invoke(app, ["describe", *map(str, arguments)])
    assert done.exit_code == code, done.output
    return done


def stages(file, method, *options):
    text = run(method, "-f", file, "--json", *options).stdout
    return {stage["name"]: stage for stage in json.loads(text)["stages"]}


def test_a_network_has_its_layers_and_nothing_is_left_behind(file):
    text = run("tinynet", "-f", file).stdout
    assert "tinynet: recipe tinynet, 8 classes" in text
    assert "9 layers, 391 k parameters trained, 15.0 M multiply-adds" in text
    assert "256 × 4 × 4" in text
    assert [path.name for path in file.parent.iterdir()] == ["strata.toml"]


def test_set_and_classes_change_what_is_described(file):
    layers = stages(file, "tinynet", "--classes", 3, "--set", "tinynet.images.size=32")
    *_, last = layers["train_network"]["layers"]
    assert (last["output"], last["parameters"]) == ([3], 257 * 3)
    assert last["receptive_field"] == [32, 32]


def test_a_bag_of_words_counts_each_word_in_each_cell(file):
    found = stages(file, "bovw")
    assert found["dense_sift"]["dims"] == 128
    assert found["bag_of_words"]["dims"] == 32 * (1 + 4)
    assert found["svm"]["dims"] is None


def test_lengths_follow_the_stages(file):
    found = stages(file, "fisher")
    assert found["dense_sift"]["dims"] == 3 * 128
    assert found["fisher_vectors"]["dims"] == found["encode"]["dims"] == 2 * 16 * (32 + 2)
    assert found["standardize"]["dims"] == 2 * 16 * (32 + 2)
    assert (found["pca"]["dims"], found["lda"]["dims"]) == (40, 7)


def test_a_pretrained_network_has_a_frozen_and_a_trained_part_without_its_weights(file):
    layers = stages(file, "fine_tuned")["fine_tune"]["layers"]
    trained = [layer["name"] for layer in layers if layer["trainable"]]
    assert trained[0] == "features.10.squeeze"
    assert trained[-1] == "head"
    assert layers[0]["trainable"] == 0 < layers[0]["parameters"]


def test_a_variant_is_named_and_not_the_method_that_varies(file):
    assert stages(file, "vlad[n_words=16]")["vlad"]["dims"] == 16 * 128
    refused = run("vlad", "-f", file, code=2)
    assert "'vlad' stands for 2 variants" in refused.stderr


def test_a_method_of_methods_has_the_stages_of_all(file):
    assert {"train_network", "vlad", "svm"} <= stages(file, "both").keys()


def test_classes_are_counted_by_folders_and_asked_for_where_there_are_none_yet(file, tmp_path):
    for name in ("a", "b", "c"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        (tmp_path / "photos" / name / "1.png").write_bytes(b"not read")
    file.write_text(FILE.format(source="photos"))
    assert "3 classes" in run("vlad[n_words=8]", "-f", file).stdout
    file.write_text(FILE.format(source="https://example.org/photos.zip"))
    refused = run("tinynet", "-f", file, code=2)
    assert "--classes 8" in refused.stderr
    assert "8 classes" in run("tinynet", "-f", file, "--classes", 8).stdout
