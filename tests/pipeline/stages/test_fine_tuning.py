"""Training pretrained networks on: views at a border, parts, what a missing file costs."""

import dataclasses
import shutil

import numpy as np
import pytest
from PIL import Image

from strata.digest import file_digest
from strata.errors import InputError
from strata.models.runtime import image_source
from strata.pipeline.graph.inputs import Fold, ImageShard, Subset
from strata.pipeline.graph.recipe_context import Data
from strata.pipeline.graph.sharded_arrays import LazyRows, Shards
from strata.pipeline.recipes.registry import known_recipes
from strata.pipeline.stages.fine_tuning import (
    boundary_activations,
    fine_tune,
    fine_tuned_scores,
    split_backbone,
    split_inception,
)
from strata.pipeline.stages.pretrained import backbone_features
from tests.pipeline.project import Project, write_images

NAME = "squeezenet1_1"

FILE = f"""\
name = "transfer"

[data]
source = "images"
near_duplicates = false

[protocol]
folds = 2
test = 0

[methods.vectors]
recipe = "deep_features"
backbone = "{NAME}"
weights = "weights/net.pth"
features.image_size = 48

[methods.tuned]
recipe = "fine_tuned"
backbone = "{NAME}"
weights = "weights/net.pth"
nodes = {{ freeze_until = "features.10", head_inputs = ["features.11"], image_size = 48 }}
training = {{ embedding = "power_norm", head_epochs = 3, epochs = 1, batch_size = 8 }}

[methods.broken]
recipe = "fine_tuned"
weights = "elsewhere/absent.pth"
"""


@pytest.fixture(scope="module")
def shard(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    write_images(folder, per_class=1)
    paths = sorted(folder.glob("*/*"))
    return ImageShard("", tuple(map(file_digest, paths)), tuple(paths))


def test_views_are_the_image_its_mirror_image_and_copies(network, shard):
    _, net = network
    parts = split_backbone.function(net, freeze_until="features.6", image_size=48)
    assert parts["output_node"] == "features.12.cat"
    assert parts["parameters"] > 0
    found = boundary_activations.function(shard, net, parts, n_copies=3)
    views = found["views"]
    assert views.dtype == np.float16
    assert views.shape[:2] == (3, 5)
    assert found["unchanged"] == 2
    plain = boundary_activations.function(shard, net, parts, mirror=False)
    assert plain["unchanged"] == 1
    np.testing.assert_allclose(plain["views"][:, 0], views[:, 0], atol=1e-2)
    distinct = {views[:, v].tobytes() for v in range(5)}
    assert len(distinct) == 5
    again = boundary_activations.function(shard, net, parts, n_copies=3)["views"]
    assert np.array_equal(again, views)


def test_views_of_a_head_alone_are_pooled_and_of_everything_are_images(network, shard):
    _, net = network
    head = split_backbone.function(net, output_node="features.12", image_size=48)
    views = boundary_activations.function(shard, net, head)["views"]
    assert views.shape == (3, 2, 1, 1, 512)
    vectors = backbone_features.function(
        shard, net, nodes=("features.12",), image_size=48, norm="none"
    )
    np.testing.assert_allclose(views.mean(1)[:, 0, 0], vectors["vectors"], rtol=2e-3, atol=1e-4)
    everything = split_backbone.function(net, freeze_until="images", image_size=48)
    pixels = boundary_activations.function(shard, net, everything)["views"]
    assert pixels.dtype == np.uint8
    assert np.array_equal(pixels[:, 1], pixels[:, 0, :, ::-1])
    assert everything["multiply_adds"] == everything["parameters"] == 0


def test_views_that_do_not_fit_into_memory_are_read_from_the_shards(network, shard, monkeypatch):
    _, net = network
    parts = split_backbone.function(net, freeze_until="features.11", image_size=48)
    made = boundary_activations.function(shard, net, parts, n_copies=1)
    halves = [{**made, "views": made["views"][rows]} for rows in (slice(0, 2), slice(2, 3))]
    views = Shards([shard.digests[:2], shard.digests[2:]], halves.__getitem__)
    chosen, classes = shard.digests[::-1], ("blue", "green", "gray")
    train = Subset(chosen, chosen, (0, 1, 2), classes, 0)
    test = Subset(chosen, chosen, None, classes, 0)

    def scores():
        settings = {"head_epochs": 2, "epochs": 2, "batch_size": 3, "layer_decay": 0.5}
        fitted = fine_tune.function(views, net, parts, train, **settings)
        return fitted, fine_tuned_scores.function(views, fitted, test)["scores"]

    whole, expected = scores()
    unchanged = made["views"][::-1, :2]
    np.testing.assert_array_equal(whole["classifier"].decision_function(unchanged), expected)
    monkeypatch.setattr(image_source, "IN_MEMORY", 0)
    monkeypatch.setattr(LazyRows, "__array__", None)
    streamed, found = scores()
    np.testing.assert_array_equal(found, expected)
    for name, value in whole["classifier"].weights_.items():
        np.testing.assert_array_equal(streamed["classifier"].weights_[name], value, err_msg=name)


def test_a_fold_s_held_out_images_are_watched_and_change_nothing(network, shard):
    _, net = network
    parts = split_backbone.function(net, freeze_until="features.11", image_size=48)
    made = boundary_activations.function(shard, net, parts)
    views = Shards([shard.digests], lambda number: made)
    classes = ("blue", "green", "gray")
    train = Subset(shard.digests, shard.digests, (0, 1, 2), classes, 0)
    heldout = Subset(shard.digests[:2], shard.digests[:2], (0, 1), classes, 0)
    settings = {"head_epochs": 2, "epochs": 2, "batch_size": 3}
    found = fine_tune.function(views, net, parts, train, [heldout], **settings)
    plain = fine_tune.function(views, net, parts, train, [heldout], watch="none", **settings)
    assert (found["watched"], plain["watched"]) == ("heldout", "")
    assert "validation_accuracy" in found["history"][-1]
    assert "validation_accuracy" not in plain["history"][-1]
    for name, value in plain["classifier"].weights_.items():
        assert np.array_equal(found["classifier"].weights_[name], value)
    assert found["trainable_parameters"] == sum(row["trainable"] for row in found["layers"])
    total = parts["parameters"] + found["parameters"]
    assert found["trainable_parameters"] + found["frozen_parameters"] == total


def test_a_recipe_hands_the_held_out_images_to_the_training(network, shard):
    recipe, given = known_recipes()["fine_tuned"], {"weights": str(network[0])}
    first = shard.digests[:1]
    subset = Subset(first, first, (0,), ("blue", "gray"), 0)
    fold = Fold("fold 1", 0, 1, subset, subset, subset)
    data = Data([shard], ("blue", "gray"), None, None)
    keys = {
        (watch, patience, heldout is None): recipe.compose(
            data,
            dataclasses.replace(fold, heldout=heldout),
            recipe.checked({**given, "training": {"watch": watch, **patience_of(patience)}}, "m"),
        ).key
        for watch in ("heldout", "none")
        for patience in (0, 2)
        for heldout in (subset, None)
    }
    assert keys["heldout", 0, False] != keys["heldout", 0, True]
    for alone in (("none", 0), ("heldout", 2), ("none", 2)):
        assert keys[*alone, False] == keys[*alone, True]


def patience_of(epochs):
    return {"patience": epochs} if epochs else {}


@pytest.mark.parametrize("size", [(1, 1), (5, 7)])
def test_small_gray_images_are_brought_to_the_network_s_size(network, tmp_path, size):
    _, net = network
    gray = np.random.default_rng(0).integers(0, 256, size).astype(np.uint8)
    Image.fromarray(gray).save(tmp_path / "gray.png")
    Image.fromarray(np.repeat(gray[:, :, None], 3, axis=2)).save(tmp_path / "rgb.png")
    paths = (tmp_path / "gray.png", tmp_path / "rgb.png")
    shard = ImageShard("", tuple(map(file_digest, paths)), paths)
    parts = split_backbone.function(net, freeze_until="images", image_size=48)
    views = boundary_activations.function(shard, net, parts)["views"]
    assert views.shape == (2, 2, 48, 48, 3)
    assert np.array_equal(views[0], views[1])


def test_a_size_that_does_not_pass_through_is_refused(network):
    _, net = network
    with pytest.raises(InputError, match="Images of 4 pixels do not pass through squeezenet1_1"):
        split_backbone.function(net, image_size=4)


def test_copies_that_change_the_size_are_refused(network, shard):
    _, net = network
    parts = split_backbone.function(net, image_size=48)
    with pytest.raises(InputError, match="cropped"):
        boundary_activations.function(shard, net, parts, n_copies=1, augmentation={"crop": 0.5})


@pytest.mark.parametrize(
    ("removed_blocks", "trainable_blocks", "freeze_until", "output_node"),
    [
        (0, 0, "Mixed_7c", "Mixed_7c"),
        (0, 1, "Mixed_7b", "Mixed_7c"),
        (2, 1, "Mixed_6e", "Mixed_7a"),
        (5, 6, "maxpool2", "Mixed_6c"),
        (7, "all", "images", "Mixed_6a"),
    ],
)
def test_blocks_of_inception_count_from_the_end(
    removed_blocks, trainable_blocks, freeze_until, output_node
):
    found = split_inception.function(
        {"backbone": "inception_v3"},
        removed_blocks=removed_blocks,
        trainable_blocks=trainable_blocks,
    )
    assert found["freeze_until"] == freeze_until
    assert found["output_node"] == output_node
    assert found["image_size"] == 299


@pytest.mark.parametrize(("removed", "open"), [(11, 0), (-1, 0), (2, 10), (2, -1)])
def test_blocks_that_are_not_there_are_an_error(removed, open):
    with pytest.raises(InputError, match="must be from 0"):
        split_inception.function(
            {"backbone": "inception_v3"}, removed_blocks=removed, trainable_blocks=open
        )


@pytest.mark.parametrize(
    ("removed", "open", "seen", "beside"),
    [
        (2, 1, 1, ()),
        (2, 1, 2, ("Mixed_6e",)),
        (2, 3, 3, ("Mixed_6e", "Mixed_6d")),
        (8, 3, 3, ("Mixed_5c", "Mixed_5b")),
        (8, "all", 2, ("Mixed_5c",)),
    ],
)
def test_the_head_looks_at_blocks_before_the_last(removed, open, seen, beside):
    settings = {"removed_blocks": removed, "trainable_blocks": open, "head_blocks": seen}
    found = split_inception.function({"backbone": "inception_v3"}, **settings)
    assert found["head_inputs"] == list(beside)


@pytest.mark.parametrize(
    ("removed", "open", "seen", "most"),
    [(2, 0, 2, 1), (2, 1, 3, 2), (8, 3, 4, 3), (8, "all", 9, 3)],
)
def test_blocks_before_the_open_ones_are_not_there_to_look_at(removed, open, seen, most):
    settings = {"removed_blocks": removed, "trainable_blocks": open, "head_blocks": seen}
    with pytest.raises(InputError, match=f"head_blocks must be at most {most}"):
        split_inception.function({"backbone": "inception_v3"}, **settings)


@pytest.mark.parametrize(
    ("freeze_until", "output_node", "head_inputs", "wrong"),
    [
        ("features.11", "", ("features.10",), "features.10"),
        ("features.11", "", ("features.11", "features.11"), "features.11"),
        ("features.11", "", ("features.12",), "features.12"),
        ("features.9", "features.10", ("features.11",), "features.11"),
        ("", "features.10", ("features.11",), "features.11"),
        ("", "features.10", ("features.10",), "features.10"),
    ],
)
def test_nodes_that_do_not_lead_to_the_cut_cannot_be_looked_at(
    network, freeze_until, output_node, head_inputs, wrong
):
    _, net = network
    with pytest.raises(InputError, match=f"'{wrong}' cannot be among head_inputs"):
        split_backbone.function(
            net,
            freeze_until=freeze_until,
            output_node=output_node,
            head_inputs=head_inputs,
            image_size=48,
        )


def test_a_missing_file_costs_the_other_methods_nothing(network, tmp_path):
    path, _ = network
    write_images(tmp_path / "images", per_class=4)
    (tmp_path / "weights").mkdir()
    shutil.copy(path, tmp_path / "weights" / "net.pth")
    project = Project(tmp_path)
    project.file.write_text(FILE)
    told = project.make("-k", code=1)
    assert "no file of weights elsewhere/absent.pth" in told
    assert "made 14 artifacts" in told
    (tmp_path / "elsewhere").mkdir()
    shutil.move(tmp_path / "weights" / "net.pth", tmp_path / "elsewhere" / "absent.pth")
    told = project.make("--set", "vectors.weights=elsewhere/absent.pth", "vectors")
    assert "made 0 artifacts" in told
