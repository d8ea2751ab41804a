import numpy as np
import pytest
from sklearn.metrics import pairwise

from strata import _threads
from strata.models.classifiers.gram_matrix import linear_kernel, rbf_kernel


@pytest.fixture(params=[1, 3])
def threads(request):
    _threads.allow_threads(request.param)
    yield request.param
    _threads.allow_threads(1)


@pytest.mark.parametrize("n", [1, 256, 700])
def test_products_are_those_of_numpy_whatever_the_threads(threads, n):
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(n, 40)), rng.normal(size=(300, 40))
    np.testing.assert_allclose(linear_kernel(X, Y), X @ Y.T, atol=1e-12)
    np.testing.assert_allclose(linear_kernel(X, X), X @ X.T, atol=1e-12)


def test_threads_do_not_change_a_bit():
    X = np.random.default_rng(0).normal(size=(900, 33)).astype(np.float32)
    found = []
    for count in (1, 2, 4):
        _threads.allow_threads(count)
        found.append(linear_kernel(X, X))
    _threads.allow_threads(1)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_the_radial_kernel_is_scikit_learns():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(300, 5)), rng.normal(size=(7, 5))
    np.testing.assert_allclose(
        rbf_kernel(X, Y, 0.3), pairwise.rbf_kernel(X, Y, gamma=0.3), atol=1e-12
    )
    np.testing.assert_allclose(
        rbf_kernel(X, X, 0.3), pairwise.rbf_kernel(X, X, gamma=0.3), atol=1e-12
    )


@pytest.mark.parametrize("offset", [1000, 30_000])
def test_the_radial_kernel_does_not_depend_on_the_origin(offset):
    rng = np.random.default_rng(0)
    X, Y = (rng.integers(-64, 64, (n, 40)).astype(np.float32) / 64 for n in (60, 30))
    for other in (X, Y):
        exact = pairwise.rbf_kernel(X.astype(float), other.astype(float), gamma=0.1)
        far = X + np.float32(offset)
        found = rbf_kernel(far, far if other is X else other + np.float32(offset), 0.1)
        np.testing.assert_allclose(found, exact, atol=1e-5)
    assert rbf_kernel(X, Y[:0], 0.1).shape == (60, 0)
