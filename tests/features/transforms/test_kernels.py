import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import pairwise

from strata.features.transforms import _additive_kernels, kernels

ADDITIVE = {
    kernels.intersection: np.minimum,
    kernels.chi2: lambda x, y: 2 * x * y / np.maximum(x + y, 1e-300),
    kernels.hellinger: lambda x, y: np.sqrt(x * y),
    kernels.generalized_intersection: lambda x, y: np.minimum(x**0.5, y**0.5),
}


def histograms(n, d, density, dtype=np.float32, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.random((n, d)) * (rng.random((n, d)) < density)).astype(dtype)


def naive(term, X, Y):
    return np.array([[term(x, y).sum() for y in Y.astype(float)] for x in X.astype(float)])


@pytest.mark.parametrize("kernel", [*ADDITIVE, kernels.linear, kernels.rbf])
def test_arrays_of_other_shapes_are_refused(kernel):
    X = histograms(5, 40, 1.0)
    for other in (X[:, :30], X[0], np.hstack([X, X])):
        with pytest.raises(ValueError, match=r"two .* arrays of one d"):
            kernel(X, other)


@pytest.mark.parametrize("kernel", ADDITIVE)
@given(
    n=st.integers(1, 9),
    m=st.integers(1, 9),
    d=st.integers(1, 40),
    density=st.sampled_from([0.0, 0.2, 1.0]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
@settings(max_examples=25, deadline=None)
def test_additive_kernels_are_their_sums(kernel, n, m, d, density, dtype):
    X, Y = histograms(n, d, density, dtype), histograms(m, d, density, dtype, seed=1)
    K = kernel(X, Y)
    assert K.dtype == dtype
    rtol = 1e-5 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(K, naive(ADDITIVE[kernel], X, Y), rtol=rtol, atol=1e-12)


@pytest.mark.parametrize("kernel", ADDITIVE)
def test_blocks_join_without_seams_and_one_argument_gives_the_symmetric_matrix(kernel, monkeypatch):
    monkeypatch.setattr(_additive_kernels, "_ROWS", 100)
    n, d = 2 * _additive_kernels._COLUMNS + 37, 2 * _additive_kernels._FEATURES + 5
    X = histograms(n, d, 0.1)
    K = kernel(X)
    np.testing.assert_array_equal(K, K.T)
    np.testing.assert_allclose(K, kernel(X, X.copy()), rtol=2e-6)
    rows = [0, 99, 100, n - 1]
    np.testing.assert_allclose(K[rows], naive(ADDITIVE[kernel], X[rows], X), rtol=1e-5)


def test_kernels_of_normalized_histograms_are_one_with_themselves():
    X = histograms(5, 30, 0.5, np.float64)
    X /= X.sum(axis=1, keepdims=True)
    for kernel in (kernels.intersection, kernels.chi2, kernels.hellinger):
        np.testing.assert_allclose(np.diag(kernel(X)), 1)


def test_vector_kernels_are_scikit_learns():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(20, 6)), rng.normal(size=(15, 6))
    for K, peer in (
        (kernels.linear(X, Y), pairwise.linear_kernel(X, Y)),
        (kernels.polynomial(X, Y), pairwise.polynomial_kernel(X, Y)),
        (kernels.polynomial(X, degree=2, gamma=0.3, coef0=0),
         pairwise.polynomial_kernel(X, degree=2, gamma=0.3, coef0=0)),
        (kernels.sigmoid(X, Y), pairwise.sigmoid_kernel(X, Y)),
        (kernels.rbf(X, Y, gamma=0.2), pairwise.rbf_kernel(X, Y, gamma=0.2)),
        (kernels.rbf(X), pairwise.rbf_kernel(X, gamma=1 / (6 * X.var()))),
    ):  # fmt: skip
        np.testing.assert_allclose(K, peer, rtol=1e-9)
    assert kernels.rbf(X.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("offset", [0, 1000, 30_000])
def test_the_rbf_kernel_does_not_depend_on_the_origin(offset):
    rng = np.random.default_rng(0)
    X, Y = (rng.integers(-64, 64, (n, 40)).astype(np.float32) / 64 for n in (60, 30))
    exact = pairwise.rbf_kernel(X.astype(float), Y.astype(float), gamma=0.1)
    np.testing.assert_allclose(kernels.rbf(X + offset, Y + offset, gamma=0.1), exact, atol=1e-5)
    ours = kernels.rbf(X + offset)
    np.testing.assert_allclose(ours, kernels.rbf(X.astype(float)), atol=1e-5)
    assert (np.diag(ours) == 1).all()


ALL = [*ADDITIVE, kernels.linear, kernels.polynomial, kernels.sigmoid, kernels.rbf]


@pytest.mark.parametrize("kernel", ALL)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused(kernel, dtype, bad):
    good, broken = histograms(4, 9, 0.5, dtype), histograms(4, 9, 0.5, dtype)
    broken[2, 3] = bad
    for X, Y in ((broken, None), (good, broken), (broken, good)):
        with pytest.raises(ValueError, match=r"NaN|infinity"):
            kernel(X, Y)


@pytest.mark.parametrize("kernel", ALL)
def test_values_that_float32_does_not_hold_are_refused_and_others_right(kernel):
    X = np.float32(1e20) * (1 + histograms(3, 9, 1.0))
    with np.errstate(over="ignore", invalid="ignore"):
        if kernel not in (
            kernels.intersection,
            kernels.hellinger,
            kernels.generalized_intersection,
        ):
            with pytest.raises(ValueError, match="leave float32: scale"):
                kernel(X)
        else:
            np.testing.assert_allclose(kernel(X), kernel(X.astype(float)), rtol=1e-5)


def test_magnitudes_of_small_integers_do_not_overflow():
    X = np.array([[-128, 3], [7, -5]], np.int8)
    expected = kernels.generalized_intersection(X.astype(float))
    np.testing.assert_allclose(kernels.generalized_intersection(X), expected)


def test_negative_numbers_are_no_histogram():
    for kernel in (kernels.intersection, kernels.chi2, kernels.hellinger):
        with pytest.raises(ValueError, match="negative"):
            kernel(np.array([[1.0, -1.0]]))
