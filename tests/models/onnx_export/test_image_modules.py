"""Networks as ONNX files give the scores of their estimators, for batches of any size."""

import json

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from strata.models.classifiers.decision_scores import per_class_columns
from strata.models.estimators.fine_tuned_classifier import FineTunedClassifier
from strata.models.estimators.network_classifier import NetworkClassifier
from strata.models.onnx_export.check import run
from strata.models.onnx_export.image_modules import (
    BackboneVectors,
    FineTunedLogits,
    NetworkLogits,
    cell_means,
)
from strata.models.onnx_export.score_modules import LinearScores, NetworkScores
from strata.models.onnx_export.vector_modules import GraphInput
from strata.models.onnx_export.write import write_onnx
from strata.models.transfer import backbones
from strata.models.transfer.backbone_features import BackboneFeatures
from strata.models.transfer.finetuning.boundary import boundary_activations
from strata.models.transfer.frozen_backbone import FrozenBackbone

SIDE = 32
BACKBONE = "squeezenet1_1"
RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (9, SIDE, SIDE, 3), np.uint8)
LABELS = np.array(["a", "b", "c"] * 3)

#: Everything that networks of a described architecture may be made of, in two of them.
UNUSUAL = {
    "blocks": [
        {"filters": 4, "normalization": "local-response", "pool": "max", "pool_size": 2},
        {"filters": 8, "normalization": "local-response-within", "residual": True},
        {
            "branches": [
                [{"filters": 4, "normalization": "batch-renorm", "activation": "selu"}],
                [{"pool": "min", "pool_size": 3, "pool_stride": 1}, {"filters": 4, "squeeze": 2}],
            ]
        },
        {"filters": 6, "convolution": "depthwise", "normalization": "group", "stride": 2},
    ],
    "auxiliary": [{"after": 2, "pool_size": 2}],
}
GRAY = {"name": "mlp", "hidden": [8], "normalization": "batch", "dropout": 0.2}
NETWORKS = {
    "tinynet": {"architecture": "tinynet", "tta_views": 2},
    "unusual": {"architecture": UNUSUAL, "augmentation": {"crop": 0.75}, "tta_views": 2},
    "gray": {"architecture": GRAY, "loss": "arcface", "tta_flip": False},
}


def exported(module, path, inputs, scores, probabilities, classes=("a", "b", "c")):
    return write_onnx(
        module,
        path,
        {"images": inputs},
        scores,
        probabilities,
        classes=classes,
        facts={"method": "mine"},
    )


def check(module, inputs, scores, probabilities):
    """The module in torch, whose ONNX graph other tests run: an export takes seconds."""
    with torch.no_grad():
        found = module.eval()((torch.from_numpy(inputs),))
    for tensor, expected in zip(found, (scores, probabilities), strict=True):
        assert np.abs(tensor.numpy() - expected).max() < 2e-5


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_with_their_views(name, tmp_path):
    pixels, labels = (PIXELS[..., :1], LABELS) if name == "gray" else (PIXELS, LABELS)
    if name == "gray":
        labels = np.where(labels == "c", "a", labels)
    model = NetworkClassifier(image_size=SIDE, epochs=2, batch_size=3, **NETWORKS[name])
    model.fit(pixels, labels)
    classes, columns = ["x", *model.classes_], range(1, 1 + len(model.classes_))
    own = per_class_columns(model.decision_function(pixels))
    scores = np.column_stack([own.min(1) - 1, own])
    probabilities = np.column_stack([np.zeros(9), model.predict_proba(pixels)])
    path = tmp_path / "network.onnx"
    module = NetworkScores(
        nn.Sequential(GraphInput(0), NetworkLogits(model)), columns, len(classes)
    )
    check(module, pixels, scores, probabilities)
    if name != "unusual":
        return
    agreement = exported(module, path, pixels, scores, probabilities, classes)
    assert agreement.largest < 1e-5
    assert agreement.scores < 1e-5
    one = run(path.read_bytes(), {"images": pixels[:1]})
    assert np.abs(one["probabilities"] - probabilities[:1]).max() < 1e-5
    assert (
        run(path.read_bytes(), {"images": pixels})["label"].tolist()
        == model.predict(pixels).tolist()
    )
    stored = onnx.load(path)
    facts = {entry.key: entry.value for entry in stored.metadata_props}
    assert facts["method"] == "mine"
    assert json.loads(facts["classes"]) == classes
    shape = stored.graph.input[0].type.tensor_type.shape.dim
    assert shape[0].dim_param
    assert [d.dim_value for d in shape[1:]] == list(pixels.shape[1:])
    assert not [i.name for i in stored.graph.initializer if "auxiliary" in i.name]


@pytest.fixture(scope="module")
def state():
    torch.manual_seed(0)
    return backbones.skeleton(BACKBONE).state_dict()


@pytest.mark.parametrize("freeze_until", ["features.11", "features.12", "images"])
def test_fine_tuned_networks_from_the_images_on(freeze_until, state, float32):
    views = np.stack([PIXELS, PIXELS[:, :, ::-1]], 1)
    if freeze_until != "images":
        frozen = FrozenBackbone(BACKBONE, [freeze_until], state, SIDE)
        cpu = torch.device("cpu")
        kept = boundary_activations(frozen, views.transpose(1, 0, 2, 3, 4), cpu)
        views = np.stack(list(kept), 1)
    if freeze_until == "features.12":
        views = views.mean((2, 3), dtype=np.float32, keepdims=True)
    model = FineTunedClassifier(
        BACKBONE,
        freeze_until=freeze_until,
        output_node="features.12",
        embedding="power_norm",
        image_size=SIDE,
        weights=state,
        head_epochs=3,
        epochs=0 if freeze_until == "features.12" else 1,
    ).fit(views, LABELS)
    module = NetworkScores(
        nn.Sequential(GraphInput(0), FineTunedLogits(model, state, mirror=True)), range(3), 3
    )
    scores, probabilities = model.decision_function(views), model.predict_proba(views)
    check(module, PIXELS, per_class_columns(scores), probabilities)


def test_features_of_a_frozen_network(state, tmp_path, float32):
    grids = [(1, 1), (2, 2), (3, 1)]
    reader = BackboneFeatures(
        BACKBONE, nodes=("features.3", "features.12"), weights=state, image_size=96, grids=grids
    ).fit()
    pixels = RNG.integers(0, 256, (5, 96, 96, 3), np.uint8)
    vectors = reader.transform(pixels)
    module = BackboneVectors(
        BACKBONE,
        reader.nodes_,
        state,
        image_size=96,
        mirror=True,
        grids=grids,
        tokens="auto",
        norm="l2",
    ).eval()
    with torch.no_grad():
        assert torch.allclose(
            module(torch.from_numpy(pixels)), torch.from_numpy(vectors), atol=1e-5
        )
    coef = RNG.normal(0, 2, (3, vectors.shape[1]))
    scores = vectors @ coef.T
    linear = LinearScores(
        nn.Sequential(GraphInput(0), module), coef, np.zeros(3), None, range(3), 3
    )
    agreement = exported(linear, tmp_path / "f.onnx", pixels, scores, None)
    assert agreement.probabilities is None
    assert agreement.largest < 1e-5


def test_features_of_tokens(tmp_path, float32):
    pytest.importorskip("timm")
    name, grids = "timm:test_vit", [(1, 1), (2, 2)]
    state = backbones.skeleton(name).state_dict()
    reader = BackboneFeatures(name, nodes=("blocks.3",), weights=state, grids=grids).fit()
    size = backbones.preprocessing(name).image_size
    pixels = RNG.integers(0, 256, (5, size, size, 3), np.uint8)
    module = BackboneVectors(
        name,
        reader.nodes_,
        state,
        image_size=None,
        mirror=True,
        grids=grids,
        tokens="both",
        norm="l2",
    ).eval()
    vectors = reader.transform(pixels)
    with torch.no_grad():
        assert torch.allclose(
            module(torch.from_numpy(pixels)), torch.from_numpy(vectors), atol=1e-5
        )
    coef = RNG.normal(0, 2, (3, vectors.shape[1]))
    linear = LinearScores(
        nn.Sequential(GraphInput(0), module), coef, np.zeros(3), None, range(3), 3
    )
    agreement = exported(linear, tmp_path / "f.onnx", pixels, vectors @ coef.T, None)
    assert agreement.largest < 1e-5


def test_means_of_cells_that_do_not_divide_the_map():
    maps = torch.rand(2, 5, 7, 7)
    expected = torch.nn.functional.adaptive_avg_pool2d(maps, (3, 2)).flatten(2)
    assert torch.allclose(cell_means(maps, 3, 2), expected.transpose(1, 2).flatten(1))
