from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.kernel_approximation import Nystroem
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from strata.features.transforms import kernels
from strata.features.transforms.block_weights import BlockWeights
from strata.features.transforms.kernel_approximation import AdditiveKernelMap
from strata.features.transforms.kernel_scores import is_additive, kernel_score
from strata.features.transforms.lda import LDA
from strata.features.transforms.linear_score import LinearScore
from strata.features.transforms.normalize import CenteredPower
from strata.features.transforms.pull_back import pull_back

RNG = np.random.default_rng(0)
X = (RNG.gamma(1.0, size=(60, 7)) * (RNG.random((60, 7)) < 0.7)).astype(np.float32)
Y = RNG.integers(0, 3, 60)
TRANSFORMERS = [
    StandardScaler(),
    StandardScaler(with_std=False),
    StandardScaler(with_mean=False),
    PCA(4),
    PCA(4, whiten=True),
    LDA(),
    CenteredPower(0.4),
    BlockWeights([3, 4], [1.0, 2.5]),
    BlockWeights([3, 4], [1.0, 0.0]),
    AdditiveKernelMap(),
    AdditiveKernelMap("chi2", order=2),
    Nystroem(gamma=0.3, n_components=20, random_state=0),
    make_pipeline(StandardScaler(), CenteredPower(), PCA(5), LDA()),
    make_pipeline(AdditiveKernelMap(), StandardScaler()),
    make_pipeline(StandardScaler(), Nystroem(gamma=0.1, n_components=20, random_state=0)),
]
FITTED = [transformer.fit(X, Y) for transformer in TRANSFORMERS]


def name(kernel):
    """The kernel's name, the same in every process."""
    return getattr(kernel, "func", kernel).__name__


@pytest.mark.parametrize("transformer", FITTED, ids=str)
@settings(max_examples=10, deadline=None)
@given(row=st.integers(0, 59), seed=st.integers(0, 2**32 - 1))
def test_the_score_stays_the_same(transformer, row, seed):
    mapped = transformer.transform(X[row : row + 1].astype(np.float64))[0]
    rng = np.random.default_rng(seed)
    score = LinearScore(*rng.normal(size=(2, len(mapped))), 0.7)
    found = pull_back(transformer, score, X[row].astype(np.float64))
    scale = np.abs(score.weights * (mapped - score.reference)).sum()
    assert found(X[row]) == pytest.approx(score(mapped), abs=1e-5 * scale)
    assert found.constant + found.weights @ X[row] == pytest.approx(found(X[row]))


def test_affine_maps_have_one_set_of_weights_and_refer_to_the_mean():
    chain = make_pipeline(StandardScaler(), PCA(3))
    chain.fit(X)
    score = LinearScore.of(np.array([1.0, -2.0, 0.5]), 0.3)
    one, other = (pull_back(chain, score, x) for x in X[:2].astype(np.float64))
    np.testing.assert_allclose(one.weights, other.weights)
    np.testing.assert_allclose(one.reference, X.mean(axis=0), rtol=1e-5)
    assert one.offset == pytest.approx(0.3, abs=1e-6)  # the mean vector is mapped to 0


def test_other_transformers_are_refused():
    with pytest.raises(TypeError, match="MinMaxScaler"):
        pull_back(MinMaxScaler().fit(X), LinearScore.of(np.ones(7), 0), X[0])
    nystroem = Nystroem(kernel="polynomial", n_components=3).fit(X)
    with pytest.raises(TypeError, match="polynomial"):
        pull_back(nystroem, LinearScore.of(np.ones(3), 0), X[0])


ADDITIVE = [
    kernels.intersection,
    kernels.chi2,
    kernels.hellinger,
    partial(kernels.generalized_intersection, alpha=0.25),
]
OTHERS = [
    kernels.linear,
    partial(kernels.rbf, gamma=0.2),
    partial(kernels.rbf, gamma=30.0),
    partial(kernels.polynomial, gamma=0.5, degree=3, coef0=1.0),
    partial(kernels.sigmoid, gamma=0.01, coef0=0.2),
]


@pytest.mark.parametrize("kernel", ADDITIVE + OTHERS, ids=name)
@pytest.mark.parametrize("row", range(3))
def test_components_sum_to_the_kernel_score(kernel, row):
    a = np.random.default_rng(row).normal(size=50)
    x, support = X[row].astype(np.float64), X[10:].astype(np.float64)
    terms = a * kernel(x[None], support)[0]
    found = kernel_score(kernel, a, support, 0.5, x)
    assert found(x) == pytest.approx(terms.sum() + 0.5, abs=1e-6 * np.abs(terms).sum() + 1e-12)


@pytest.mark.parametrize("kernel", ADDITIVE, ids=name)
def test_a_component_of_an_additive_kernel_is_its_own_kernel_score(kernel):
    assert is_additive(kernel)
    a = np.random.default_rng(1).normal(size=50)
    x, support = X[0].astype(np.float64), X[10:].astype(np.float64)
    found = kernel_score(kernel, a, support, 0.0, x)
    for j in range(7):
        alone = a @ kernel(x[None, j : j + 1], support[:, j : j + 1])[0]
        assert found.weights[j] * x[j] == pytest.approx(alone)


@pytest.mark.parametrize("kernel", OTHERS, ids=name)
def test_mean_gradients_are_those_of_the_kernel(kernel):
    """Sum of finite differences, component by component, along the way from 0 to x."""
    assert not is_additive(kernel)
    a = np.random.default_rng(2).normal(size=50)
    x, support = X[0].astype(np.float64), X[10:].astype(np.float64)

    def score(points):
        return kernel(points, support) @ a

    t = (np.arange(400)[:, None] + 0.5) / 400
    expected = np.array(
        [
            np.mean(score(t * x + step) - score(t * x - step)) / 2e-4
            for step in 1e-4 * np.eye(len(x))
        ]
    )
    found = kernel_score(kernel, a, support, 0.0, x).weights
    np.testing.assert_allclose(found, expected, atol=2e-3 * np.abs(expected).max())


def test_other_kernels_are_refused():
    with pytest.raises(TypeError, match="not known"):
        kernel_score(lambda A, B: A @ B.T, np.ones(2), X[:2], 0.0, X[0])


def test_scores_of_one_vector_add_up():
    rng = np.random.default_rng(3)
    a, b, c = (LinearScore(*rng.normal(size=(2, 7)), 0.5) for _ in range(3))
    b = b._replace(reference=a.reference)
    for other in (b, c):
        assert a.plus(other)(X[0]) == pytest.approx(a(X[0]) + other(X[0]))
    np.testing.assert_array_equal(a.plus(b).reference, a.reference)
