import numpy as np
import pytest
import torch

from strata.models.architectures.builder import build
from strata.models.architectures.named_layers import activation_modules
from strata.models.estimators.network_classifier import NetworkClassifier
from strata.models.training.diagnostics import (
    HISTOGRAM_EDGES,
    PARAMETER_RANGE,
    record_diagnostics,
)

NETWORK = {
    "normalization": "none",
    "blocks": [{"filters": 4}, {"branches": [[{"filters": 3}], [{"filters": 2}]]}],
    "head": {"hidden": [6]},
}


def test_layers_have_names_in_order():
    names = list(activation_modules(build(NETWORK, image_size=8, num_classes=3)))
    assert names == ["block1", "block2.1", "block2.2", "hidden1"]


def test_diagnostics_are_those_of_the_activations():
    network = build(NETWORK, image_size=8, num_classes=3)
    with torch.no_grad():
        network.blocks[0].layers[0][0].bias[:2] = -1e6  # two rectifiers that never open
    images = torch.randint(0, 256, (5, 3, 8, 8))
    with record_diagnostics(network) as found:
        network(images).square().sum().backward()
    maps = network.blocks[0](network.standardize(images)).detach()
    assert found["dead_units/block1"] == 0.5
    assert found["activation_mean/block1"] == pytest.approx(maps.mean().item(), rel=1e-4)
    assert found["activation_std/block1"] == pytest.approx(maps.std().item(), rel=1e-4)
    shares = found["activation_histogram/block1"]
    expected, _ = np.histogram(maps.clamp(-4, 6), HISTOGRAM_EDGES)
    np.testing.assert_allclose(shares, expected / maps.numel(), atol=1e-3)
    assert found["zeros/block1"] == pytest.approx((maps == 0).float().mean().item())
    assert found["zeros/block1"] > 0.5
    weights = torch.cat([p.detach().flatten() for p in network.blocks[0].parameters()])
    wanted, _ = np.histogram(weights.clamp(*PARAMETER_RANGE), 40, PARAMETER_RANGE)
    given = found["parameter_histogram/block1"]
    np.testing.assert_allclose(given, wanted / weights.numel(), atol=1e-4)
    assert given[0] > 0  # what is beyond the range
    last = [p.grad.norm() ** 2 for p in network.head[-1].parameters()]
    assert found["gradient_norm/scores"] == pytest.approx(sum(last).sqrt().item(), rel=1e-4)
    assert not network.blocks[0].activation._forward_hooks


def test_every_epoch_records_diagnostics():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (12, 8, 8, 3)).astype(np.uint8)
    model = NetworkClassifier(NETWORK, image_size=8, batch_size=4, epochs=3, device="cpu")
    history = model.fit(X, np.arange(12) % 3).history_
    layers = [f"block{i}" for i in (1, 2)] + ["hidden1", "scores"]
    for line in history:
        assert {f"gradient_norm/{layer}" for layer in layers} <= line.keys()
        assert all(0 <= v <= 1 for k, v in line.items() if k.startswith("dead_units/"))
        assert all(0 <= v <= 1 for k, v in line.items() if k.startswith("zeros/"))
        assert {f"parameter_histogram/{layer}" for layer in layers} <= line.keys()
        numbers = [v for k, v in line.items() if "histogram/" not in k]
        assert all(isinstance(value, int | float) for value in numbers)


def test_parameters_are_those_before_the_step():
    """So the first epoch's entry shows the initial weights: all zero here."""
    X = np.random.default_rng(0).integers(0, 256, (8, 8, 8, 3)).astype(np.uint8)
    zeros = {**NETWORK, "initialization": "zeros"}
    model = NetworkClassifier(zeros, image_size=8, batch_size=4, epochs=3, device="cpu")
    first, *_, last = model.fit(X, np.arange(8) % 2).history_
    at_zero = [0.0] * 20 + [1.0] + [0.0] * 19
    assert first["parameter_histogram/scores"] == at_zero
    assert last["parameter_histogram/scores"] != at_zero
    assert first["zeros/block1"] == 1.0


def test_losses_and_accuracies_of_auxiliary_classifiers_are_those_of_their_scores():
    """Means over an epoch of cross-entropy and hits, from steps of no length."""
    network = {
        "normalization": "none",
        "blocks": [{"filters": 4, "stride": 2}] * 3,
        "auxiliary": [{"after": 2, "weight": 0.3}, {"after": 1, "weight": 0.1}],
    }
    X = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 3)).astype(np.uint8)
    y = np.arange(12) % 3
    still = {"optimizer": "plain-sgd", "max_lr": 1e-30, "label_smoothing": 0.2}
    model = NetworkClassifier(
        network, image_size=8, batch_size=4, epochs=1, augmentation="none", device="cpu", **still
    )
    (line,) = model.fit(X, y).history_
    heads = model.network().all_scores(torch.from_numpy(X).permute(0, 3, 1, 2))
    total = 0.0
    for (weight, scores), name in zip(heads, ["", "block1", "block2"], strict=True):
        log_p = scores.detach().log_softmax(1)
        own = -(0.8 * log_p[torch.arange(12), y] + 0.2 * log_p.mean(1)).mean().item()
        total += weight * own
        if name:
            hits = (scores.argmax(1).numpy() == y).mean()
            assert line[f"auxiliary_loss/{name}"] == pytest.approx(own, rel=1e-5)
            assert line[f"auxiliary_accuracy/{name}"] == pytest.approx(hits)
    assert line["loss"] == pytest.approx(total, rel=1e-5)
