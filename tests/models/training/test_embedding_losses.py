"""Center loss and ArcFace, against loops over their formulas."""

import math
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from strata.errors import InputError
from strata.models.estimators.hidden_features import LayerReader
from strata.models.estimators.network_classifier import NetworkClassifier
from strata.models.training import trainer
from strata.models.training.embedding_losses import CenterLoss, CosineLinear, Loss, add_margin

SETTINGS = {
    "architecture": {"name": "tinynet", "widths": [4, 6]},
    "image_size": 8,
    "batch_size": 8,
    "epochs": 4,
    "device": "cpu",
}


def images(n=24, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    X = rng.integers(0, 90, (n, 8, 8, 3))
    X[np.arange(n), :, :, y] += 100
    return X.astype(np.uint8), y


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 9), st.floats(0, 1))
def test_center_loss_and_its_centers_are_those_of_the_paper(seed, batch, rate):
    rng = np.random.default_rng(seed)
    loss = CenterLoss(nn.Linear(3, 4), rate)
    centers = np.zeros((4, 3))
    for _ in range(3):
        x, y = rng.normal(size=(batch, 3)).astype(np.float32), rng.integers(0, 4, batch)
        found = loss(torch.from_numpy(x), torch.from_numpy(y)).item()
        distances = [((x[i] - centers[y[i]]) ** 2).sum() for i in range(batch)]
        assert found == pytest.approx(sum(distances) / batch / 2, rel=1e-4, abs=1e-6)
        loss.update(torch.from_numpy(x), torch.from_numpy(y))
        before = centers.copy()
        for j in range(4):
            own = [x[i] for i in range(batch) if y[i] == j]
            delta = sum((before[j] - f for f in own), np.zeros(3)) / (1 + len(own))
            centers[j] -= rate * delta
        np.testing.assert_allclose(loss.centers, centers, atol=1e-5)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.floats(0, 1.5), st.floats(1, 64))
def test_arcface_adds_its_margin_to_the_angle_of_the_own_class(seed, margin, scale):
    rng = np.random.default_rng(seed)
    x, weights = rng.normal(size=(6, 3)), rng.normal(size=(4, 3))
    y = rng.integers(0, 4, 6)
    linear = nn.Linear(3, 4)
    linear.weight.data = torch.tensor(weights, dtype=torch.float32)
    layer = CosineLinear(linear, scale)
    assert layer.weight is linear.weight
    scores = layer(torch.tensor(x, dtype=torch.float32))
    found = add_margin(scores, torch.from_numpy(y), margin, scale).detach().numpy()
    for i in range(6):
        for j in range(4):
            cosine = x[i] @ weights[j] / np.linalg.norm(x[i]) / np.linalg.norm(weights[j])
            if y[i] == j:
                angle = math.acos(cosine)
                far = angle >= math.pi - margin
                cosine = cosine - margin * math.sin(margin) if far else math.cos(angle + margin)
            assert found[i, j] == pytest.approx(scale * cosine, abs=2e-3 * scale)


def test_the_gradient_of_arcface_is_finite_where_embedding_and_class_agree():
    scores = torch.tensor([[16.0, -16.0], [-16.0, 16.0]], requires_grad=True)
    add_margin(scores, torch.tensor([0, 0]), 0.3, 16.0).sum().backward()
    assert torch.isfinite(scores.grad).all()


def test_a_center_loss_makes_classes_compact():
    X, y = images()

    def spread(weight):
        network = {"name": "mlp", "hidden": [8], "dropout": 0.0}
        own = {"architecture": network, "epochs": 60, "augmentation": "none"}
        loss = {"name": "center", "weight": weight}
        model = NetworkClassifier(**{**SETTINGS, **own}, loss=loss).fit(X, y)
        embedded = LayerReader(model).of_images(X)
        means = np.stack([embedded[y == c].mean(0) for c in range(3)])
        within = ((embedded - means[y]) ** 2).sum(1).mean()
        return within / means.var(0).sum()

    assert spread(0.1) < 0.1 * spread(0.0)


def test_a_center_loss_of_no_weight_is_the_cross_entropy():
    X, y = images()
    plain = NetworkClassifier(**SETTINGS).fit(X, y)
    weightless = NetworkClassifier(**SETTINGS, loss={"name": "center", "weight": 0}).fit(X, y)
    for name, weights in plain.weights_.items():
        np.testing.assert_array_equal(weightless.weights_[name], weights)


def test_arcface_learns_and_predicts_by_cosines():
    X, y = images()
    settings = {**SETTINGS, "epochs": 20, "tta_flip": False}
    model = NetworkClassifier(**settings, loss={"name": "arcface", "scale": 8}).fit(X, y)
    fresh, truth = images(seed=1)
    scores = model.decision_function(fresh)
    assert (scores.argmax(1) == truth).mean() > 0.9
    x, last = LayerReader(model).of_images(fresh), model.network().head[-1]
    cosines = x @ last.weight.detach().numpy().T
    cosines /= np.linalg.norm(x, axis=1)[:, None] * np.linalg.norm(last.weight.detach(), axis=1)
    np.testing.assert_allclose(scores, 8 * cosines, atol=1e-4)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.decision_function(fresh), scores)
    assert model.parameters_ == sum(p.numel() for p in model.network().parameters())
    assert sum(row["trainable"] for row in model.layers_) == model.parameters_


@pytest.mark.parametrize("loss", ["center", "arcface"])
def test_a_killed_training_goes_on_to_the_same_end(tmp_path, monkeypatch, loss):
    monkeypatch.setattr(trainer, "CHECKPOINT_SHARE", float("inf"))
    X, y = images()
    settings = {**SETTINGS, "loss": loss, "augmentation": {"mixup": 0.3}}
    path = tmp_path / "training"

    def stop(line):
        if line["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        NetworkClassifier(**settings).fit(X, y, checkpoint=path, on_epoch=stop)
    seen = []
    model = NetworkClassifier(**settings).fit(X, y, checkpoint=path, on_epoch=seen.append)
    assert seen[0]["epoch"] == 3
    for name, weights in NetworkClassifier(**settings).fit(X, y).weights_.items():
        np.testing.assert_array_equal(model.weights_[name], weights)


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ("arcfase", "arcfase"),
        ({"margin": 0.2}, "has no .name."),
        ({"name": "center", "margin": 0.2}, "has no 'margin'"),
        ({"name": "arcface", "weight": 0.2}, "has no 'weight'"),
        ({"name": "arcface", "margin": 1.6}, "below pi / 2"),
        ({"name": "arcface", "scale": 0}, "above 0"),
        ({"name": "center", "rate": 1.5}, "at most 1"),
        ({"name": "center", "weight": -1}, "0 or more"),
        ({"name": "center", "weight": "much"}, "0 or more"),
        ({"name": "center", "weight": float("nan")}, "0 or more"),
    ],
)
def test_losses_that_cannot_be_are_explained(given_, said):
    with pytest.raises(InputError, match=said):
        Loss.of(given_)
    with pytest.raises(InputError):
        NetworkClassifier(**SETTINGS, loss=given_).fit(*images())
