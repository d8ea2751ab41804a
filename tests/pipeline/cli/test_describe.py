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
[methods.own]
recipe = "tinynet"
images.color = false
[methods.own.network.architecture]
blocks = [{{ filters = 4, normalization = "local-response", dropout = 0.1 }}]
auxiliary = [{{ after = 1 }}]
[methods.with_others]
recipe = "tinynet"
unlabeled = "more"
network = {{ pretrain_epochs = 3, frozen_epochs = 1 }}
[methods.transferred]
source = "scenes"
network = {{ epochs = 8, frozen_epochs = 5 }}
[methods.distilled]
teacher = "tinynet"
[methods.patch_words]
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


def test_scores_that_are_cosines_have_no_bias(file):
    layers = stages(file, "tinynet", "--set", "tinynet.network.loss=arcface")
    assert layers["train_network"]["layers"][-1]["parameters"] == 256 * 8


def test_images_of_another_size_are_counted_at_their_size(file):
    found = stages(file, "tinynet", "--set", "tinynet.test_size=128")
    trained, resized = (
        sum(layer["multiply_adds"] for layer in found[name]["layers"][:-1])  # but the scores
        for name in ("train_network", "network_at_size")
    )
    assert resized == 4 * trained


def test_training_images_that_are_left_out_are_pretrained_on(file):
    given = ("tinynet.unlabeled=training", "tinynet.network.pretrain_epochs=1")
    options = [option for value in given for option in ("--set", value)]
    assert "train_network" in stages(file, "tinynet", *options)


def test_gray_images_have_one_channel(file):
    color, gray = (
        stages(file, "tinynet", "--set", f"tinynet.images.color={value}")["train_network"]["layers"]
        for value in ("true", "false")
    )
    assert color[0]["parameters"] == 3 * gray[0]["parameters"] == 27 * 32


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


def test_stages_that_differ_in_their_vectors_alone_are_both_there(file):
    text = run("fisher", "-f", file, "--json").stdout
    applied = [s["dims"] for s in json.loads(text)["stages"] if s["name"] == "apply_reduction"]
    assert applied == [2 * 16 * (32 + 2), 40, 7]


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


def test_auxiliary_heads_normalizations_activations_and_channels_are_told(file):
    text = run("own", "-f", file).stdout
    assert "64 x 64 pixels and 1 channel (gray)" in text
    (normalization,) = [line for line in text.splitlines() if "LocalResponseNorm" in line]
    assert "ReLU, dropout 0.1, average over the maps" in normalization
    network, auxiliary = text.split("Auxiliary heads, in training only: ")
    weights = 4 * 9 + 4 + 5 * 8
    assert f"{weights} parameters trained" in network
    assert "40 parameters trained" in auxiliary
    layers = stages(file, "own")["train_network"]["layers"]
    assert [layer["name"] for layer in layers if layer["training_only"]][-1] == "auxiliary/block1"


def test_a_network_of_ones_own_is_named_as_the_source_and_what_is_frozen_is_told(file):
    found = stages(file, "transferred")
    source, network = found["train_source_network"], found["train_network"]
    assert source["summary"].startswith("Network trained on other images")
    assert source["notes"] == ["Its images have 64 x 64 pixels and 3 channels."]
    assert network["notes"][1:] == [
        "It starts from the network of train_source_network: all layers but the last are taken "
        "over.",
        "These layers stay frozen in the first 5 epochs of 8, then all are trained.",
    ]


@pytest.mark.parametrize(
    ("epochs", "note"),
    [
        (0, "No layer is frozen: all are trained from the first epoch on."),
        (8, "These layers stay frozen in all 8 epochs; only the last one is trained."),
    ],
)
def test_nothing_or_all_but_the_last_layer_is_frozen(file, epochs, note):
    setting = f"transferred.network.frozen_epochs={epochs}"
    assert note in run("transferred", "-f", file, "--set", setting).stdout


def test_pretraining_is_told_with_its_further_images(file):
    text = run("with_others", "-f", file).stdout
    assert "3 epochs each, on the training images and those of `unlabeled`." in text
    assert "frozen in the first epoch of 60" in text
    alone = run("with_others", "-f", file, "--set", "with_others.unlabeled=").stdout
    assert "3 epochs each, on the training images." in alone


def test_only_a_network_with_a_teacher_learns_from_one(file):
    assert "teacher" not in run("tinynet", "-f", file).stdout
    assert "from the soft labels of a teacher too" in run("distilled", "-f", file).stdout


def test_crops_are_told_where_the_network_takes_them(file):
    assert "crops of 24 x 24 pixels" in run("patch_words", "-f", file).stdout
    assert "crops" not in run("tinynet", "-f", file).stdout


def test_weights_of_pretrained_networks_are_told(file, monkeypatch):
    monkeypatch.delenv("STRATA_WEIGHTS", raising=False)
    file.write_text(file.read_text() + '[methods.frozen]\nrecipe = "deep_features"\n')
    told = run("frozen", "-f", file).stdout
    assert "inception_v3: weights: torchvision Inception_V3_Weights.IMAGENET1K_V1" in told
    assert "trained on: ImageNet-1k; images: 299 x 299" in " ".join(told.split())
