"""Linear methods on fixed vectors as ONNX files, with the reductions before them."""

import sys

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from strata.errors import InputError, StrataError
from strata.models.classifiers.decision_scores import scores_and_probabilities
from strata.models.classifiers.kernel_svm import KernelSVM
from strata.models.classifiers.logistic import CalibratedLogistic
from strata.models.onnx_export import check, write
from strata.models.onnx_export.score_modules import CombinedScores, LinearScores
from strata.models.onnx_export.vector_modules import (
    Affine,
    Concatenation,
    GraphInput,
    Projection,
    SignedPower,
)
from strata.models.onnx_export.write import onnx_model, write_onnx

RNG = np.random.default_rng(0)


def vectors(n_classes):
    labels = np.arange(60) % n_classes
    return (RNG.normal(size=(60, 12)) + labels[:, None]).astype(np.float32), labels


def written(module, path, X, scores, probabilities, n_classes):
    return write_onnx(
        module,
        path,
        {"vectors": X},
        scores,
        probabilities,
        classes=[f"class {i}" for i in range(n_classes)],
        facts={},
    )


@pytest.mark.parametrize(("kind", "n_classes"), [(KernelSVM, 3), (CalibratedLogistic, 2)])
def test_linear_classifiers_and_their_calibration(kind, n_classes):
    X, y = vectors(n_classes)
    scaler, pca = StandardScaler().fit(X), PCA(5, whiten=True).fit(X)
    reduced = pca.transform(scaler.transform(X)).astype(np.float32)
    model = kind().fit(reduced, y)
    scores, probabilities = scores_and_probabilities(model, reduced)
    halves = 2 if kind is CalibratedLogistic and n_classes == 2 else 1
    before = torch.nn.Sequential(
        GraphInput(0),
        Affine(scaler.mean_, scaler.scale_),
        Projection(pca.mean_, pca.components_.T),
        Affine(scale=np.sqrt(pca.explained_variance_)),
    )
    module = LinearScores(
        before,
        model.coef_,
        model.intercept_,
        halves * model.temperature_,
        range(n_classes),
        n_classes,
    )
    with torch.no_grad():
        found = module((torch.from_numpy(X),))
    for tensor, expected in zip(found, (scores, probabilities), strict=True):
        assert np.abs(tensor.numpy() - expected).max() < 1e-5


def test_branches_of_one_vector_are_weighted_and_their_methods_combined(tmp_path):
    X = np.concatenate([RNG.normal(size=(7, 4)), np.zeros((1, 4))]).astype(np.float32)
    root, coef = np.sign(X) * np.sqrt(np.abs(X)), RNG.normal(size=(3, 8))

    def unit(x):
        return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9)

    both = np.concatenate([0.5 * unit(root), 2 * unit(X)], 1)
    log_p = torch.from_numpy(both @ coef.T / 0.7).log_softmax(1).numpy()
    scores = 2 * np.log(np.maximum(np.exp(log_p), 0.05)) + both @ coef.T + [0, 1, 0]
    probabilities = torch.from_numpy(scores).softmax(1).numpy()
    joined = Concatenation(
        [torch.nn.Sequential(GraphInput(0), SignedPower(0.5)), GraphInput(0)], [0.5, 2]
    )
    linear = LinearScores(joined, coef, np.zeros(3), 0.7, range(3), 3)
    raw = LinearScores(joined, coef, np.zeros(3), None, range(3), 3)  # no probabilities
    module = CombinedScores([linear, raw], [2, 1], floor=0.05, bias=[0, 1, 0])
    assert written(module, tmp_path / "m.onnx", X, scores, probabilities, 3).largest < 1e-6


def linear_of(X, coef):
    return LinearScores(GraphInput(0), coef, np.zeros(len(coef)), 1.0, range(3), 3)


def test_scores_that_differ_leave_the_file_as_it_was(tmp_path):
    X, _ = vectors(3)
    coef = RNG.normal(size=(3, 12)).astype(np.float32)
    path = tmp_path / "m.onnx"
    path.write_text("earlier")
    scores = X @ coef.T
    probabilities = torch.from_numpy(scores).softmax(1).numpy()
    probabilities[3, 1] += 2e-4
    with pytest.raises(StrataError, match=r"on 60 images: probabilities by 2\.0e-04"):
        written(linear_of(X, coef), path, X, scores, probabilities, 3)
    assert path.read_text() == "earlier"
    assert [p.name for p in tmp_path.iterdir()] == ["m.onnx"]


def test_a_missing_package_is_named_with_what_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(
        StrataError,
        match=r"need the package onnxscript\.\n  pip install onnx onnxruntime 'onnxscript>=0\.6'",
    ):
        onnx_model(torch.nn.Identity(), {"vectors": np.zeros((1, 2))}, with_probabilities=False)


def test_scores_that_differ_are_seen_behind_probabilities_of_0_and_1(monkeypatch):
    scores, certain = np.array([[900.0, 0.0]]), np.array([[1.0, 0.0]])
    found = {"scores": scores * 1.001, "probabilities": certain}
    monkeypatch.setattr(check, "run", lambda *_: found)
    with pytest.raises(StrataError, match=r"scores by 1\.0e-03 of the largest"):
        check.check_agreement(b"", {}, scores, certain)


def test_differences_that_are_no_numbers_are_too_large(monkeypatch):
    scores = np.zeros((2, 3))
    monkeypatch.setattr(check, "run", lambda *_: {"scores": scores + np.nan})
    with pytest.raises(StrataError, match="scores by nan of the largest"):
        check.check_agreement(b"", {}, scores, None)


class _Branching(torch.nn.Module):
    """What becomes of an input depends on its numbers, which no graph can have."""

    def forward(self, inputs):
        return (inputs[0] if inputs[0].sum() > 0 else -inputs[0]), None


def test_what_torch_cannot_express_is_an_error():
    with pytest.raises(StrataError, match="cannot express this network in ONNX"):
        onnx_model(_Branching(), {"vectors": np.ones((1, 2))}, with_probabilities=False)


def test_weights_that_no_file_holds_are_refused(monkeypatch):
    monkeypatch.setattr(write, "LARGEST_FILE", 100)
    X, _ = vectors(3)
    with pytest.raises(InputError, match="an ONNX file holds 2"):
        onnx_model(linear_of(X, X[:3]), {"vectors": X}, with_probabilities=False)
