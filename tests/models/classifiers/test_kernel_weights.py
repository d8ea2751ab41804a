"""Learned weights of kernels: the leave-one-out formula, its gradient, and what is found."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import check_grad

from strata.models.classifiers.kernel_weights import BIAS, _LeaveOneOut, fit_kernel_weights


def views(n=60, classes=3, seed=0, signals=(2.0, 1.0, 0.0)):
    """Kernels of vectors whose class centers are `signal` apart, and the classes."""
    rng = np.random.default_rng(seed)
    codes = np.arange(n) % classes
    vectors = [rng.normal(size=(n, 12)) + s * np.eye(classes, 12)[codes] for s in signals]
    return [X @ X.T / 12 for X in vectors], codes


def test_residuals_are_those_of_refits_without_each_image():
    kernels, codes = views(n=20)
    problem = _LeaveOneOut(kernels, codes, 1.0)
    theta = np.array([0.3, -0.2, 0.1, 1.0])
    found = problem.targets - problem._residuals(theta)[1]
    total = sum(w * K for w, K in zip(np.exp(theta[:-1]), kernels, strict=True)) + BIAS
    for image in range(20):
        others = np.delete(np.arange(20), image)
        ridge = total[np.ix_(others, others)] + np.eye(19)
        refit = total[image, others] @ np.linalg.solve(ridge, problem.targets[others])
        np.testing.assert_allclose(found[image], refit, atol=1e-8)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.floats(-2, 2), min_size=4, max_size=4), st.floats(0.1, 10))
def test_the_gradient_is_that_of_the_loss(theta, C):
    problem = _LeaveOneOut(*views(n=18), C)
    error = check_grad(
        lambda t: problem.loss(t)[0], lambda t: problem.loss(t)[1], np.array(theta), epsilon=1e-6
    )
    assert error < 1e-4


@pytest.mark.parametrize("classes", [2, 3])
def test_noise_weighs_little(classes):
    kernels, codes = views(n=240, classes=classes, signals=(2.0, 1.2, 0.0))
    found = fit_kernel_weights(kernels, codes, C=10.0)
    assert found.weights.sum() == pytest.approx(1)
    assert 0 <= found.weights[2] < 0.15 < found.weights[:2].min()
    equal = _LeaveOneOut(kernels, codes, 1.0).cross_entropy(np.array([1.0, 1.0, 1.0, np.log(5)]))
    assert found.log_loss < equal


def test_a_strong_pull_leaves_equal_shares_of_the_variance():
    kernels, codes = views()
    kernels[1] = 1000 * kernels[1]
    found = fit_kernel_weights(kernels, codes, C=1e-6)
    shares = [
        w * (np.trace(K) / 60 - K.mean()) for w, K in zip(found.weights, kernels, strict=True)
    ]
    np.testing.assert_allclose(shares, shares[0], rtol=1e-3)


def test_the_scale_of_a_kernel_does_not_matter():
    kernels, codes = views()
    once = fit_kernel_weights(kernels, codes).weights
    again = fit_kernel_weights([1e4 * kernels[0], *kernels[1:]], codes).weights
    np.testing.assert_allclose(again * [1e4, 1, 1] / (again @ [1e4, 1, 1]), once, rtol=1e-6)


def test_kernels_that_do_not_vary_weigh_nothing():
    kernels, codes = views()
    for constant in (np.zeros((60, 60)), np.ones((60, 60), np.float32)):
        found = fit_kernel_weights([kernels[0], constant], codes)
        assert found.weights.tolist() == [1.0, 0.0]
        alone = fit_kernel_weights([constant, constant], codes)
        assert alone.weights.tolist() == [0.5, 0.5]
