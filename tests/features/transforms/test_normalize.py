from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from strata.errors import InputError
from strata.features.transforms.kernels import hellinger
from strata.features.transforms.normalize import (
    CenteredPower,
    Norm,
    l1,
    l2,
    normalize,
    power,
    root_sift,
)

vectors = arrays(np.float64, (3, 8), elements=st.floats(-1e3, 1e3).filter(lambda v: abs(v) > 1e-6))


@given(vectors)
def test_lengths_are_one(X):
    np.testing.assert_allclose(np.abs(l1(X)).sum(axis=1), 1)
    np.testing.assert_allclose(np.linalg.norm(l2(X), axis=1), 1)
    np.testing.assert_allclose(np.linalg.norm(normalize(X, "power"), axis=1), 1)


@given(vectors, st.floats(0.1, 2))
def test_power_keeps_signs_and_undoes_itself(X, alpha):
    Z = power(X, alpha)
    np.testing.assert_array_equal(np.sign(Z), np.sign(X))
    np.testing.assert_allclose(power(Z, 1 / alpha), X, rtol=1e-9)


@pytest.mark.parametrize("norm", get_args(Norm))
def test_zero_vectors_stay_zero_and_dtypes_stay(norm):
    out = normalize(np.zeros((2, 5), np.float32), norm)
    assert out.dtype == np.float32
    assert not out.any()


@given(vectors)
def test_root_sift_has_unit_length_and_the_hellinger_kernel(X):
    X = np.abs(X)
    root = root_sift(X)
    np.testing.assert_allclose(np.linalg.norm(root, axis=1), 1)
    np.testing.assert_allclose(root @ root.T, hellinger(l1(X)))
    assert not root_sift(np.zeros((1, 8))).any()


def test_errors_name_the_nearest():
    with pytest.raises(InputError, match="'power'"):
        normalize(np.ones((1, 2)), "powr")


@given(arrays(np.float64, (7, 3), elements=st.floats(-1e3, 1e3)), st.integers(1, 6))
def test_powers_are_centered_whether_learned_at_once_or_in_parts(X, cut):
    whole = CenteredPower().fit(X)
    parts = CenteredPower().partial_fit(X[:cut]).partial_fit(X[cut:])
    np.testing.assert_allclose(parts.mean_, whole.mean_, atol=1e-9)
    np.testing.assert_allclose(whole.transform(X).mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(
        whole.transform(X[:1]) - whole.transform(X[1:2]), power(X[:1]) - power(X[1:2]), atol=1e-9
    )
