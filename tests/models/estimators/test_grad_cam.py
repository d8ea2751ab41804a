import numpy as np
import pytest
import torch

from strata.errors import InputError
from strata.models.estimators.grad_cam import grad_cam
from strata.models.estimators.network_classifier import NetworkClassifier


def squares(n, seed=0):
    """Gray images with a red or a blue square somewhere, and where."""
    rng = np.random.default_rng(seed)
    X = rng.integers(90, 140, (n, 16, 16, 3)).astype(np.uint8)
    y, corners = np.arange(n) % 2, rng.integers(0, 10, (n, 2))
    for image, label, (row, column) in zip(X, y, corners, strict=True):
        image[row : row + 6, column : column + 6] = (220, 30, 30) if label else (30, 30, 220)
    return X, np.where(y, "red", "blue"), corners


@pytest.fixture(scope="module")
def trained():
    X, y, _ = squares(60)
    network = {"kernel": 3, "blocks": [{"filters": 6}, {"filters": 8}]}
    settings = {
        "image_size": 16,
        "batch_size": 10,
        "epochs": 12,
        "augmentation": "none",
        "device": "cpu",
    }
    return NetworkClassifier(network, **settings).fit(X, y)


def test_it_points_at_what_makes_the_class(trained):
    X, y, corners = squares(20, seed=1)
    assert trained.score(X, y) == 1
    heat = grad_cam(trained, X, y, batch_size=7)
    assert heat.shape == (20, 16, 16)
    assert heat.min() >= 0
    assert heat.max() <= 1
    hits = [
        row <= r < row + 6 and column <= c < column + 6
        for (row, column), (r, c) in zip(
            corners, (np.unravel_index(h.argmax(), h.shape) for h in heat), strict=True
        )
    ]
    assert np.mean(hits) > 0.9


def test_with_average_pooling_and_a_linear_layer_grad_cam_is_the_class_activation_map(trained):
    X, y, _ = squares(5, seed=2)
    network = trained.network()
    with torch.no_grad():
        maps = network.feature_maps(torch.from_numpy(X).permute(0, 3, 1, 2))
    rows = network.head[0].weight.detach()[np.searchsorted(trained.classes_, y)]
    expected = torch.einsum("nc,nchw->nhw", rows, maps).relu()
    expected /= expected.amax((1, 2), keepdim=True)
    np.testing.assert_allclose(grad_cam(trained, X, y), expected, atol=1e-4)


def test_wrong_classes_images_and_networks_are_explained(trained):
    X, y, _ = squares(4)
    with pytest.raises(InputError, match="green"):
        grad_cam(trained, X, np.full(4, "green"))
    with pytest.raises(InputError, match="classes of shape"):
        grad_cam(trained, X, y[:3])
    with pytest.raises(InputError, match="Expected uint8 images"):
        grad_cam(trained, X[:, :12, :12], y)
    flat = NetworkClassifier({"name": "mlp", "hidden": [4]}, image_size=16, epochs=1, device="cpu")
    with pytest.raises(InputError, match="no blocks"):
        grad_cam(flat.fit(X, y), X, y)
