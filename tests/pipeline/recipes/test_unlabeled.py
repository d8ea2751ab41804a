"""Pretraining on images without labels, and on other images with labels, from end to end."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from strata.errors import InputError
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.graph.inputs import Subset
from strata.pipeline.graph.topological_order import topological_order
from strata.pipeline.prediction.steps import PredictionSteps
from tests.pipeline.project import Project, write_images
from tests.pipeline.recipes.test_distillation import WATCHING, flat

FILE = """\
[data]
source = "images"
near_duplicates = false

[protocol]
folds = 2
test = 0.25

[methods.folder]
recipe = "tinynet"
unlabeled = "more"
images.size = 16
network = { architecture = { name = "tinynet", widths = [4] }, epochs = 2, pretrain_epochs = 1 }

[methods.training]
recipe = "mlp"
unlabeled = "training"
train_per_class = 2
images.size = 8
network = { architecture = { name = "mlp", hidden = [8] }, epochs = 2, pretrain_epochs = 1 }

[methods.student]
recipe = "distilled"
teacher = "training"
unlabeled = "training"
train_per_class = 2
inner_folds = 2
images.size = 16
network = { architecture = { name = "tinynet", widths = [4] }, epochs = 2, pretrain_epochs = 1 }

[methods.transferred]
source = "others"
images.size = 16
source_network.epochs = 2
network = { architecture = { name = "tinynet", widths = [4] }, epochs = 2, frozen_epochs = 1 }
"""
METHODS = ("folder", "training", "student", "transferred")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A data set, and two folders of negatives of its images, with one copy of an image each."""
    folder = tmp_path_factory.mktemp("unlabeled")
    write_images(folder / "images")
    first = next((folder / "images").rglob("*.png"))
    for path in sorted((folder / "images").rglob("00[01].png")):
        negative = Image.fromarray(255 - np.asarray(Image.open(path)))
        for name in ("more/deep", f"others/not_{path.parent.name}"):
            (folder / name).mkdir(parents=True, exist_ok=True)
            negative.save(folder / name / f"{path.parent.name}{path.name}")
    shutil.copy(first, folder / "more" / "copy.png")
    shutil.copy(first, folder / "others" / f"not_{first.parent.name}" / "copy.png")
    (folder / "strata.toml").write_text(FILE)
    return folder


def at(folder: Path, *settings: str) -> Workspace:
    return Workspace.at(folder / "strata.toml", list(settings), None, None, 1, False)


def target(workspace, name):
    return next(t for t in workspace.targets if t.name == name)


def networks(scores):
    return [node for node in topological_order([scores]) if node.stage.name == "train_network"]


@pytest.mark.parametrize("name", METHODS)
def test_no_image_to_be_scored_is_ever_learned_from(folder, name):
    for fold, scores in target(at(folder), name).folds:
        known = set(fold.test.digests)
        above = [node for node in topological_order([scores]) if node is not scores]
        learned = [i for node in above for i in node.inputs if i != fold.watched(WATCHING)]
        seen = [i for i in flat(learned) if isinstance(i, Subset)]
        assert seen
        assert not [subset for subset in seen if known & set(subset.digests)]


def test_inner_folds_pretrain_on_no_image_that_they_hold_out(folder):
    """The teacher of an inner fold is pretrained too, on the images that the limit leaves out."""
    fold, scores = target(at(folder), "student").folds[0]
    *teachers, student = networks(scores)
    assert len(teachers) == 2
    for network in (*teachers, student):
        (_, pretrained_on), learned_from = network.inputs[4], network.inputs[1]
        assert len(pretrained_on) > 0
        assert pretrained_on.labels is None
        assert not set(pretrained_on.digests) & set(fold.train.digests)
        assert set(learned_from.digests) <= set(fold.train.digests)


def test_one_network_is_trained_on_the_other_images_for_all_folds(folder):
    folds = target(at(folder), "transferred").folds
    sources = {networks(scores)[0].key for _, scores in folds}
    targets = {networks(scores)[1].key for _, scores in folds}
    assert (len(sources), len(targets)) == (1, len(folds))


def test_a_changed_image_changes_the_key(folder):
    def keys():
        return {t.name: t.node.key for t in at(folder).targets}

    before = keys()
    path = next((folder / "more").rglob("*000.png"))
    content = path.read_bytes()
    Image.fromarray(np.zeros((24, 24, 3), np.uint8)).save(path)
    changed = keys()
    path.write_bytes(content)
    assert {name for name in before if before[name] != changed[name]} == {"folder"}
    assert keys() == before


def test_methods_are_made(folder):
    project = Project(folder)
    done = project.strata("make", "-j", "1", "folder", "training", "transferred")
    assert done.returncode == 0, done.stdout + done.stderr
    for place in ("more", "others"):
        assert f"note: 1 of the 7 images of {place} are copies" in done.stderr
    store = at(folder).store
    for name in ("folder", "training", "transferred"):
        scores = target(at(folder), name).folds[-1][1]
        assert store.read(scores.key)["scores"].shape == (6, 3)
    pretrained = store.read(networks(target(at(folder), "training").folds[0][1])[0].key)
    assert list(pretrained["pretraining"]) == ["hidden1"]
    source, network = (
        store.read_fitted(node.key)["classifier"]
        for node in networks(target(at(folder), "transferred").folds[0][1])
    )
    np.testing.assert_array_equal(source.weights_["mean"], network.weights_["mean"])
    again = project.strata("make", "-j", "1", "folder", "training", "transferred")
    assert "up to date" in again.stdout, again.stdout + again.stderr


@pytest.mark.parametrize("name", ["folder", "transferred"])
def test_new_images_are_scored_by_the_network_as_it_is(folder, name):
    _, scores = target(at(folder), name).folds[-1]
    found = PredictionSteps.of(scores)
    assert [step.stage.partition(":")[2] for step in found.steps] == ["resize", "network_scores"]
    assert [node.key for node in found.artifacts.values()] == [scores.inputs[1].key]


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("folder.unlabeled=nowhere", "methods.folder: There is no .*nowhere"),
        ("folder.unlabeled=training", "train_per_class"),
        ("folder.network.pretrain_epochs=0", "pretrain_epochs is 0"),
        ("transferred.source=", "names no source"),
        ("transferred.source=images", "copies of the data set's own"),
        ("transferred.source_network.architecture=mlp", "architecture"),
    ],
)
def test_what_cannot_be_learned_from_is_said(folder, setting, said):
    with pytest.raises(InputError, match=said):
        _ = at(folder, setting).targets
