"""Explanations of every kind of method by one door, for images of any shape."""

import numpy as np
import pytest
import torch

from strata.image_io import read_image
from strata.models.estimators.network_evidence import network_evidence
from strata.models.training.resize import resize_images
from strata.models.transfer import backbones
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.execution.worker import Task, run_task
from strata.pipeline.experiment.trained import trained_model
from strata.pipeline.explain.explain import explain, explain_run
from strata.pipeline.explain.explained_images import explained_images
from strata.pipeline.explain.placement import on_whole_image
from strata.pipeline.prediction.batch import ImageBatch
from strata.pipeline.prediction.model import UNDESCRIBED
from strata.pipeline.prediction.one_by_one import Failed
from tests.pipeline.project import Project, write_images

FILE = """
name = "explained"
[data]
source = "images"
near_duplicates = false
[protocol]
folds = 2
test = 0.5
[methods.tiny]
recipe = "tinynet"
images.size = 32
network = { epochs = 1, device = "cpu" }
[methods.perceptron]
recipe = "patch_mlp"
images.size = 8
network = { epochs = 1, tta_views = 2, device = "cpu" }
[methods.hidden]
recipe = "deep_svm"
images.size = 8
network = { epochs = 1, device = "cpu" }
[methods.tuned]
recipe = "fine_tuned"
weights = "weights.pth"
nodes.image_size = 64
training = { head_epochs = 1, device = "cpu" }
[methods.features]
recipe = "deep_features"
backbone = "squeezenet1_1"
weights = "weights.pth"
features = { image_size = 64, device = "cpu" }
[methods.words]
recipe = "bovw"
codebook.n_words = 8
[methods.early]
recipe = "early_fusion"
of = ["words", "features"]
[methods.late]
recipe = "fusion"
of = ["words", "perceptron", "features"]
[methods.searched]
recipe = "bovw"
codebook.n_words = 8
classifier.use = "knn"
search = { trials = 2, folds = 2, space."classifier.n_neighbors" = [1, 2] }
"""
#: Kinds of the explanations of each method.
KINDS = {
    "tiny": ["grad-cam"],
    "perceptron": ["gradient"],
    "hidden": ["gradient", "neighbors"],
    "tuned": ["grad-cam"],
    "features": ["grad-cam"],
    "early": ["contributions", "grad-cam"],
    "late": ["contributions", "gradient", "grad-cam"],
    "searched": ["neighbors"],
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory) -> Workspace:
    made = Project(tmp_path_factory.mktemp("explained"))
    write_images(made.root / "images", per_class=8)
    torch.manual_seed(0)
    torch.save(backbones.skeleton("squeezenet1_1").state_dict(), made.root / "weights.pth")
    made.file.write_text(FILE.replace("weights.pth", str(made.root / "weights.pth")))
    return Workspace.at(made.file, [], None, None, 1, False)


@pytest.fixture(scope="module")
def models(workspace):
    found = {}
    for target in workspace.chosen([]):
        found[target.name], plan = trained_model(target, workspace.dataset, workspace.store)
        for key in plan.needed:  # of one fold, in this process
            node, title = plan.nodes[key], plan.title(plan.nodes[key])
            task = Task.of(
                node, workspace.store, title=title, force=False, threads=1, dropped=set()
            )
            run_task(task)
    return found


@pytest.fixture(scope="module")
def images(workspace):
    """A square image, one twice as wide, and one three times as high."""
    paths = sorted((workspace.experiment.folder / "images").rglob("*.png"))[:3]
    square, second, third = map(read_image, paths)
    return [square, np.hstack([square, second]), np.vstack([square, second, third])]


@pytest.mark.parametrize("name", KINDS)
def test_each_branch_has_its_evidence_in_an_image_of_any_shape(models, images, name):
    found = explain(models[name], ImageBatch.of(images), [0, 1, 2])
    assert [[one.kind for one in image] for image in found] == [KINDS[name]] * 3
    assert not all("map is empty" in one.note for image in found for one in image)
    for image, told in zip(images, found, strict=True):
        for one in told:
            assert one.title
            if one.kind == "neighbors":
                continue
            assert one.map.dtype == np.float32
            assert one.map.shape[1] / one.map.shape[0] == image.shape[1] / image.shape[0]
            assert (np.nanmax(np.abs(one.map)) > 0) != ("map is empty" in one.note)
            if one.kind == "grad-cam":
                assert np.nanmin(one.map) >= 0


@pytest.mark.parametrize("name", ["tiny", "features", "tuned"])
def test_what_is_outside_of_the_central_square_is_not_seen(models, images, name):
    _, (wide,), (high,) = explain(models[name], ImageBatch.of(images), [0, 1, 2])
    seen = np.isfinite(wide.map)
    assert seen[:, 12:36].all()
    assert not seen[:, :12].any()
    assert not seen[:, 36:].any()
    assert np.isfinite(high.map[24:48]).all()
    assert np.isnan(high.map[[23, 48]]).all()


def test_a_network_s_evidence_is_that_of_its_own_input(models, images):
    (found,), _, _ = explain(models["tiny"], ImageBatch.of(images), [2, 0, 1])
    classifier = models["tiny"].artifacts["train_network"]["classifier"]
    expected = network_evidence(classifier, resize_images(images[:1], 32), np.array([2]))
    np.testing.assert_allclose(found.map, on_whole_image(expected.maps[0], 24, 24), rtol=1e-5)


def test_pictures_of_the_best_classes_or_of_the_one_that_is_named(models, images):
    batch, names = ImageBatch.of(images[:2]), ["a", "b"]
    for image in explained_images(models["tiny"], batch, names):
        assert [one.rank for one in image.classes] == [1, 2]
        assert image.classes[0].value >= image.classes[1].value
        assert image.classes[0].branches[0].picture.shape == image.picture.shape
    whole = explained_images(models["tiny"], batch, names, top=9)
    assert all(len({one.name for one in image.classes}) == 3 for image in whole)
    for number, name in enumerate(models["tiny"].classes):
        for image in explained_images(models["tiny"], batch, names, named=number):
            assert {image.classes[0].rank, image.classes[-1].name} == {1, name}
            assert len(image.classes) == 1 + (image.classes[-1].rank > 1)


def test_training_images_are_shown_where_they_are_at_hand(models, images):
    picture = np.zeros((4, 4, 3), np.uint8)
    batch = ImageBatch.of(images[:1])
    (image,) = explained_images(
        models["searched"], batch, ["a"], top=1, thumbnail=lambda name: picture
    )
    (branch,) = image.classes[0].branches
    assert branch.neighbors
    assert all(name.endswith(".png") and shown is picture for name, _, shown in branch.neighbors)


def test_an_image_without_descriptors_has_no_class_as_in_a_prediction(models, images):
    wall = np.full((24, 24, 3), 255, np.uint8)
    batch = ImageBatch.of([wall, images[0]])
    nothing, seen = explained_images(models["words"], batch, ["wall", "seen"])
    assert nothing == Failed(UNDESCRIBED)
    assert seen.name == "seen"
    assert seen.classes


def test_an_image_that_fails_is_alone_in_it(models, images, monkeypatch):
    def failing(run, classes):
        if any(len(image) == 72 for image in run.batch):
            raise ValueError("too high")
        return explain_run(run, classes)

    monkeypatch.setattr("strata.pipeline.explain.explained_images.explain_run", failing)
    first, second, high = explained_images(models["tiny"], ImageBatch.of(images), ["a", "b", "c"])
    assert [first.name, second.name] == ["a", "b"]
    assert high == Failed("cannot be classified (ValueError: too high)")


def test_classes_of_the_same_score_have_one_rank(models, images):
    found = explained_images(models["searched"], ImageBatch.of(images), "abc", top=3)
    scores = models["searched"].decision_function(images)
    ties = 0
    for image, row in zip(found, scores, strict=True):
        own = dict(zip(models["searched"].classes, row.tolist(), strict=True))
        for one in image.classes:
            score = own[one.name]
            assert one.rank == 1 + (row > score).sum()
            assert {*one.tied, one.name} == {name for name in own if own[name] == score}
            ties += len(one.tied)
    assert ties  # of classes without a vote
