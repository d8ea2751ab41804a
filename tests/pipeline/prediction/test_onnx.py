"""ONNX files of methods that have been made, checked against the methods' own scores."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

import strata
from strata.errors import InputError
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.prediction.batch import ImageBatch
from strata.pipeline.prediction.onnx.export import export_onnx
from strata.pipeline.prediction.onnx.graph import OnnxGraph
from strata.pipeline.prediction.onnx.inputs import named
from tests.pipeline.prediction.every_recipe import made_model, random_weights
from tests.pipeline.project import write_images

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
weights = "WEIGHTS"
nodes = { image_size = 32, freeze_until = "features.11" }
training = { epochs = 1, head_init_C = 1.0 }
[methods.deep]
recipe = "deep_features"
weights = "WEIGHTS"
backbone = "squeezenet1_1"
features = { image_size = 64, nodes = 2, pyramid = "horizontal" }
reduction.use = ["centered_power", "pca"]
node_weights = "cv"
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
recipe = "fusion"
of = ["tiny", "gist", "deep", "sure"]
combination.inner_folds = 2
[methods.sure]
recipe = "gist"
descriptor.image_size = 32
reduction.use = ["standardize", "pca"]
classifier = { kernel = "linear", inner_folds = 0 }
[methods.perceptron]
recipe = "gist"
descriptor.image_size = 32
classifier = { use = "mlp", hidden_layer_sizes = [6, 5] }
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


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Models of all methods by name, made in this process."""
    root = tmp_path_factory.mktemp("onnx")
    write_images(root / "images", per_class=8)
    random_weights(root / "weights", "squeezenet1_1")
    (root / "strata.toml").write_text(FILE.replace("WEIGHTS", str(root / "weights")))
    workspace = Workspace.at(root / "strata.toml", [], None, None, 1, False)
    return {target.name: made_model(workspace, target.name) for target in workspace.targets}


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
    "perceptron": ["vectors"],
    "early": ["images", "vectors"],
    "stacked": ["images_24_gray", "vectors", "images_64"],
}


@pytest.mark.parametrize("name", INPUTS)
def test_graphs_of_methods_give_their_scores(name, models, images, float32):
    """In torch: an export takes seconds, and those below are of the same modules."""
    graph, batch = OnnxGraph(models[name]), ImageBatch.of(images)
    values = models[name].values(batch)
    inputs = {n: given.of(batch, values) for n, given in named(graph.inputs).items()}
    assert list(inputs) == INPUTS[name]
    with torch.no_grad():
        found = graph.module.eval()(tuple(map(torch.from_numpy, inputs.values())))
    for tensor, kind in zip(found, ("scores", "probabilities"), strict=True):
        assert (tensor is None) == (kind not in values[-1])
        if tensor is not None:
            assert np.abs(tensor.numpy() - values[-1][kind]).max() < 1e-4


@pytest.mark.parametrize("name", ["tuned", "words", "stacked"])
def test_methods_as_onnx_files(name, models, images, tmp_path, monkeypatch):
    """Checked in float32; what the method itself predicts is rounded to bfloat16, and told."""
    monkeypatch.setattr("strata.models.runtime.devices._multiplies_bfloat16", lambda: True)
    path = tmp_path / "m.onnx"
    exported = export_onnx(models[name], path, images)
    assert list(exported.inputs) == INPUTS[name]
    assert exported.agreement.n == len(images) == 6
    assert exported.agreement.largest < 5e-5
    assert (exported.agreement.probabilities is None) == (name == "words")
    assert (exported.precision is None) == (name == "words")
    if name == "tuned":
        assert exported.precision > 5e-5
    facts = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert facts["method"] == name
    assert json.loads(facts["classes"]) == ["blue", "gray", "green"]
    assert json.loads(facts["inputs"]) == exported.inputs
    feeds = strata.onnx_inputs(models[name], images)
    found, scores = onnxruntime.InferenceSession(path).run(["label", "scores"], feeds)
    best, second = -np.sort(-scores, axis=1)[:, :2].T
    sure = best - second > 2 * (exported.precision or exported.agreement.largest)
    assert sure.sum() > 2  # the rounded scores of others may be in another order
    assert list(found[sure]) == list(models[name].predict(images)[sure])


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("neighbors", "'class_scores' (SmoothedKNN)"),
        ("additive", "'class_scores' (KernelSVM with the kernel intersection)"),
    ],
)
def test_what_has_no_onnx_form_is_named(name, step, models, images, tmp_path):
    with pytest.raises(InputError) as error:
        export_onnx(models[name], tmp_path / "m.onnx", images)
    assert f"{name} cannot be an ONNX file: its step {step} has no ONNX form." in str(error.value)
    assert not list(tmp_path.iterdir())


def test_without_images_nothing_can_be_checked(models, tmp_path):
    with pytest.raises(InputError, match="no image"):
        export_onnx(models["tiny"], tmp_path / "m.onnx", [])
