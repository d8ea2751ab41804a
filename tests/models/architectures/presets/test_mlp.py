import numpy as np
import pytest

from strata.models.architectures.flops import cost_table
from strata.models.architectures.presets.mlp import mlp
from strata.models.estimators.network_classifier import NetworkClassifier


@pytest.mark.parametrize(
    ("hidden", "parameters"), [((2048,), 6_309_896), ((2048, 1024, 512), 8_920_584)]
)
def test_parameter_counts_are_the_papers(hidden, parameters):
    rows = cost_table(mlp(hidden), image_size=32, num_classes=8)
    assert sum(row.parameters for row in rows) == parameters


@pytest.mark.parametrize("normalization", ["none", "batch", "layer"])
def test_it_learns(normalization):
    rng = np.random.default_rng(0)
    y = np.arange(40) % 2
    X = rng.integers(0, 128, (40, 8, 8, 3))
    X[y == 1, :4] += 100
    network = mlp((16, 8), normalization=normalization, dropout=0.1)
    model = NetworkClassifier(network, image_size=8, batch_size=8, epochs=15, device="cpu")
    assert model.fit(X.astype(np.uint8), y).training_accuracy_ == 1
