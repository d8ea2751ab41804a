"""Gradients through transforms, against central differences."""

from functools import partial

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.kernel_approximation import Nystroem
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from strata.errors import InputError
from strata.features.transforms.gradients import pull_back, pull_back_l2
from strata.features.transforms.kernel_approximation import AdditiveKernelMap
from strata.features.transforms.lda import LDA
from strata.features.transforms.normalize import CenteredPower, l2


def differences(function, X, G, step=1e-5):
    """Gradient of the sum of G * function(X), component by component."""
    found = np.zeros_like(X)
    for j in range(X.shape[1]):
        d = np.zeros_like(X)
        d[:, j] = step
        found[:, j] = ((function(X + d) - function(X - d)) * G).sum(1) / (2 * step)
    return found


TRANSFORMS = {
    "scaler": StandardScaler(),
    "centering": StandardScaler(with_std=False),
    "pca": PCA(3),
    "whitened": PCA(3, whiten=True),
    "lda": LDA(),
    "power": CenteredPower(0.3),
    "nystroem": Nystroem(gamma=0.2, n_components=7, random_state=0),
    "intersection": AdditiveKernelMap("intersection", order=2),
    "chi2": AdditiveKernelMap("chi2"),
    "pipeline": make_pipeline(StandardScaler(), PCA(2), Nystroem(gamma=0.5, n_components=5)),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_gradients_are_those_of_central_differences(name):
    rng = np.random.default_rng(0)
    X, y = rng.uniform(0.2, 2, (30, 5)), np.arange(30) % 3
    transform = TRANSFORMS[name].fit(X, y)
    X = X[:4]
    G = rng.normal(size=transform.transform(X).shape)
    expected = differences(transform.transform, X, G)
    np.testing.assert_allclose(pull_back(transform, X, G), expected, rtol=1e-5, atol=1e-7)


def test_unit_length_takes_away_what_points_along_the_vector():
    rng = np.random.default_rng(1)
    X, G = rng.normal(size=(2, 4, 5))
    np.testing.assert_allclose(pull_back_l2(X, G), differences(l2, X, G), rtol=1e-5, atol=1e-8)
    assert np.isfinite(pull_back_l2(np.zeros((1, 5)), G[:1])).all()


def test_components_at_the_root_s_infinite_slope_get_none():
    X = np.array([[0.0, 4.0]])
    for transform in (CenteredPower(), AdditiveKernelMap()):
        fitted = transform.fit(X)
        (found,) = pull_back(fitted, X, np.ones_like(fitted.transform(X)))
        assert found[0] == 0
        assert np.isfinite(found[1])
        assert found[1] != 0


@pytest.mark.parametrize("transform", [MinMaxScaler(), partial(Nystroem, kernel="linear")()])
def test_unknown_transforms_are_refused(transform):
    X = np.random.default_rng(0).normal(size=(120, 3))
    fitted = transform.fit(X)
    with pytest.raises(InputError, match="No gradient is known"):
        pull_back(fitted, X, np.ones_like(fitted.transform(X)))
