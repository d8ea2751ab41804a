"""Frozen features of a network that another method of the file trains."""

import numpy as np
import pytest

from strata.errors import InputError
from strata.image_io import read_image
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.execution.worker import Task, run_task
from strata.pipeline.experiment.trained import trained_model
from strata.pipeline.explain.explain import explain
from strata.pipeline.graph.topological_order import topological_order
from strata.pipeline.prediction.batch import ImageBatch
from strata.pipeline.prediction.model_file import load_model, save_model
from strata.pipeline.stages.networks import train_network
from tests.pipeline.project import Project, write_images

FILE = """
[data]
source = "images"
near_duplicates = false
[protocol]
folds = 2
test = 0.5
[methods.tinynet]
images.size = 16
network = { architecture = { name = "tinynet", widths = [4, 8] }, epochs = 2, device = "cpu" }
[methods.own]
recipe = "deep_features"
backbone = "method:tinynet"
features.nodes = ["block1", "block2", "embedding"]
[methods.mlp]
images.size = 8
network = { architecture = { name = "mlp", hidden = [8] }, epochs = 2, device = "cpu" }
[methods.deep_svm]
images.size = 8
network = { architecture = { name = "mlp", hidden = [8] }, epochs = 2, device = "cpu" }
features.layer = "hidden1"
[methods.same]
recipe = "deep_features"
backbone = "method:mlp"
features = { nodes = ["hidden1"], norm = "none" }
classifier = { use = "svm", kernel = "rbf" }
"""
#: A method more, and what is said of it.
WRONG = {
    "backbone = 'method:own'": "'own' trains no network.*",
    "backbone = 'method:nobody'": "'nobody', which is not a method of this file",
    "backbone = 'method:other'": "made of itself: 'other' of 'other'",
    "backbone = 'method:searched'": "'searched' has a search",
    "backbone = 'method:tinynet'\nweights = 'net.pth'": "weights = .* is for pretrained",
    "backbone = 'method:tinynet'\nfeatures.nodes = 2": "nodes = 2 is for pretrained",
    "backbone = 'method:tinynet'\nfeatures.mirror = false": "mirror = False is for pretrained",
    "backbone = 'method:tinynet'\nfeatures.device = 'cpu'": "device = 'cpu' is for pretrained",
    "backbone = 'method:tinynet'\nfeatures.image_size = 32": "image_size = 32 is for pretrained",
    "backbone = 'method:tinynet'\nfeatures.pyramid = 'horizontal'": "pyramid = .* is for",
    "backbone = 'method:tinynet'\nfeatures.nodes = ['block1', 'block2']\nfeatures.norm = 'none'": (
        "several are put side by side"
    ),
    "recipe = 'fine_tuned'\nbackbone = 'method:tinynet'": "trained on by its own recipe",
}
SEARCHED = """
[methods.searched]
recipe = "tinynet"
images.size = 16
network.epochs = 1
search = { trials = 2, folds = 2, space."network.batch_size" = [8, 16] }
[methods.other]
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    made = Project(tmp_path_factory.mktemp("own"))
    write_images(made.root / "images", per_class=8)
    made.file.write_text(FILE)
    return made


@pytest.fixture(scope="module")
def targets(project):
    """Targets by name, those of one network with scores of two folds; the method `own`, trained."""
    workspace = Workspace.at(project.file, [], None, None, 1, False)
    found = {target.name: target for target in workspace.chosen([])}
    scored = [node for name in ("same", "deep_svm") for _, node in found[name].folds[:2]]
    for node in topological_order(scored):
        if not node.is_view and workspace.store.state(node.key) != "present":
            make(node, workspace.store, node.title)
    model, plan = trained_model(found["own"], workspace.dataset, workspace.store)
    for key in plan.needed:
        make(plan.nodes[key], workspace.store, plan.title(plan.nodes[key]))
    return workspace, found, model


def make(node, store, title):
    run_task(Task.of(node, store, title=title, force=False, threads=1, dropped=set()))


def test_the_network_is_the_one_that_the_method_trains_on_the_fold(targets):
    _, found, _ = targets
    for name, source in (("own", "tinynet"), ("same", "mlp"), ("same", "deep_svm")):
        for (_, own), (_, theirs) in zip(found[name].folds, found[source].folds, strict=True):
            networks = [
                [n.key for n in topological_order([scores]) if n.stage is train_network]
                for scores in (own, theirs)
            ]
            assert networks[0] == networks[1]
            assert len(networks[0]) == 1


def test_one_layer_under_an_svm_is_what_deep_svm_does(targets):
    workspace, found, _ = targets
    folds = zip(found["same"].folds[:2], found["deep_svm"].folds[:2], strict=True)
    for (_, own), (_, theirs) in folds:
        scores = [workspace.store.read(node.key)["scores"] for node in (own, theirs)]
        assert np.array_equal(*scores)


def test_predictions_files_and_explanations_work_as_of_any_method(targets, project):
    _, _, model = targets
    paths = sorted((project.root / "images").rglob("*.png"))[:3]
    batch = ImageBatch.of([read_image(path) for path in paths])
    predicted = model.scored(batch)
    assert predicted.scores.shape == (3, 3)
    file = project.root / "own.strata"
    save_model(model, file)
    again = load_model(file).scored(batch)
    assert np.array_equal(predicted.scores, again.scores)
    kinds = [{one.kind for one in image} for image in explain(model, batch, [0, 1, 2])]
    assert kinds == [{"grad-cam"}] * 3


@pytest.mark.parametrize("settings", WRONG)
def test_what_cannot_be_is_refused_with_a_reason(project, settings):
    text = FILE + SEARCHED + ("" if "recipe" in settings else "recipe = 'deep_features'\n")
    project.file.write_text(text + settings)
    with pytest.raises(InputError, match=WRONG[settings]) as refused:
        Workspace.at(project.file, [], None, None, 1, False).chosen(["other"])
    if "method:own" in settings:
        assert "'tinynet', 'mlp'." in refused.value.hint
    project.file.write_text(FILE)
