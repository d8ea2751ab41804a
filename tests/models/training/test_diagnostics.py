import numpy as np
import pytest
import torch

from strata.models.architectures.builder import build
from strata.models.architectures.named_layers import activation_modules
from strata.models.estimators.network_classifier import NetworkClassifier
from strata.models.training.diagnostics import HISTOGRAM_EDGES, record_diagnostics

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
        numbers = [v for k, v in line.items() if not k.startswith("activation_histogram/")]
        assert all(isinstance(value, int | float) for value in numbers)
