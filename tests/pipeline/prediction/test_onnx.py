"""ONNX files of methods that have been made, checked against the methods' own scores."""

import json

import numpy as np
import onnx
import pytest
import torch

from strata.errors import InputError, StrataError
from strata.models.onnx_export.check import run
from strata.models.training.resize import resize_images
from strata.models.transfer import backbones
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.graph.sharded_arrays import Shards
from strata.pipeline.graph.stage import Node, Sharded
from strata.pipeline.prediction.model import Model
from strata.pipeline.prediction.onnx import export_onnx
from strata.pipeline.prediction.steps import PredictionSteps
from tests.pipeline.project import Project, write_images

FILE = """
name = "exported"
[data]
source = "images"
near_duplicates = false
[protocol]
folds = 2
test = 0.5
[methods.tiny]
recipe = "tinynet"
images = { size = 24, color = false }
network = { epochs = 2, batch_size = 8 }
[methods.tuned]
recipe = "fine_tuned"
weights = "squeezenet1_1.pth"
nodes = { image_size = 32, freeze_until = "features.11" }
training = { epochs = 1, head_init_C = 1.0 }
[methods.deep]
recipe = "deep_features"
weights = "squeezenet1_1.pth"
backbone = "squeezenet1_1"
features = { image_size = 64, nodes = ["features.3"], pyramid = "square", levels = 1 }
reduction.use = ["centered_power", "pca"]
[methods.gist]
descriptor.image_size = 32
reduction.use = ["standardize", "pca", "lda"]
reduction.pca = { n_components = 8, whiten = true }
[methods.words]
recipe = "bovw"
codebook.n_words = 8
reduction.use = "additive_kernel_map"
classifier = { kernel = "linear", inner_folds = 0 }
[methods.early]
recipe = "early_fusion"
of = ["deep", "gist"]
join.weights = [2.0, 1.0]
[methods.stacked]
recipe = "stacking"
of = ["tiny", "gist", "deep"]
inner_folds = 2
[methods.neighbors]
recipe = "gist"
descriptor.image_size = 32
classifier.use = "knn"
[methods.curved]
recipe = "gist"
descriptor.image_size = 32
classifier.kernel = "rbf"
[methods.additive]
recipe = "bovw"
codebook.n_words = 8
"""


class InMemory:
    """Artifacts of nodes, computed in this process when they are first asked for."""

    def __init__(self):
        self.known = {}

    def of(self, given):
        if isinstance(given, Node):
            if given.key not in self.known:
                inputs = [self.of(part) for part in given.inputs]
                self.known[given.key] = given.stage.function(*inputs, **given.parameters)
            return self.known[given.key]
        if isinstance(given, Sharded):
            digests = [node.shard.digests for node in given.nodes]
            return Shards(digests, lambda number: self.of(given.nodes[number]))
        if isinstance(given, tuple | list):
            return [self.of(part) for part in given]
        return given


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Models of all methods, of the final fold."""
    made = Project(tmp_path_factory.mktemp("onnx"))
    write_images(made.root / "images", per_class=8)
    torch.manual_seed(0)
    state = backbones.skeleton("squeezenet1_1").state_dict()
    torch.save({k: v.half() for k, v in state.items()}, made.root / "squeezenet1_1.pth")
    made.file.write_text(FILE.replace('"squeezenet1_1.pth"', f'"{made.root}/squeezenet1_1.pth"'))
    workspace, artifacts, found = Workspace.at(made.file, [], None, None, 1, False), InMemory(), {}
    for target in workspace.targets:
        steps = PredictionSteps.of(target.folds[-1][1])
        fitted = {name: artifacts.of(node) for name, node in steps.artifacts.items()}
        found[target.name] = Model(
            target.name, workspace.dataset.classes, tuple(steps.steps), fitted
        )
    return found


@pytest.fixture(scope="module")
def images():
    """Of no data set."""
    return list(np.random.default_rng(1).integers(0, 256, (6, 24, 30, 3), np.uint8))


INPUTS = {
    "tiny": ["images"],
    "tuned": ["images"],
    "deep": ["images"],
    "gist": ["vectors"],
    "words": ["vectors"],
    "curved": ["vectors"],
    "early": ["images", "vectors"],
    "stacked": ["images_24_gray", "vectors", "images_64"],
}


@pytest.mark.parametrize("name", INPUTS)
def test_methods_as_onnx_files(name, models, images, tmp_path, float32):
    path = tmp_path / "m.onnx"
    made = models[name]
    exported = export_onnx(made, path, images)
    assert list(exported.inputs) == INPUTS[name]
    assert exported.agreement.n == len(images) == 6
    assert exported.agreement.largest < 2e-5
    assert (exported.agreement.probabilities is None) == (name == "words")
    facts = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert facts["method"] == name
    assert json.loads(facts["classes"]) == ["blue", "gray", "green"]
    assert json.loads(facts["inputs"]) == exported.inputs
    if INPUTS[name] == ["images"]:
        size = {"tiny": 24, "tuned": 32, "deep": 64}[name]
        found = run(
            path.read_bytes(), {"images": resize_images(images, size, color=name != "tiny")}
        )
        assert np.abs(found["probabilities"] - made.predict_proba(images)).max() < 1e-4
        assert found["label"].tolist() == made.predict(images).tolist()


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("neighbors", "'class_scores' (KNeighborsClassifier)"),
        ("additive", "'class_scores' (KernelSVM with the kernel intersection)"),
    ],
)
def test_what_has_no_onnx_form_is_named(name, step, models, images, tmp_path):
    with pytest.raises(InputError) as error:
        export_onnx(models[name], tmp_path / "m.onnx", images)
    assert f"{name} cannot be an ONNX file: its step {step} has no ONNX form." in str(error.value)
    assert not list(tmp_path.iterdir())


def test_scores_that_differ_leave_no_file(models, images, tmp_path, monkeypatch):
    made = models["tiny"]
    classifier = made.artifacts["train_network"]["classifier"]
    monkeypatch.setattr(
        type(classifier), "probabilities_of", lambda self, scores: np.full((6, 3), 1 / 3)
    )
    with pytest.raises(StrataError, match="no file was written"):
        export_onnx(made, tmp_path / "m.onnx", images)
    assert not list(tmp_path.iterdir())


def test_without_images_nothing_can_be_checked(models, tmp_path):
    with pytest.raises(InputError, match="no image"):
        export_onnx(models["tiny"], tmp_path / "m.onnx", [])
