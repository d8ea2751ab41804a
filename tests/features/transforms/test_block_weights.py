"""Weights of blocks of components: what they do to dot products."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.errors import InputError
from strata.features.transforms.block_weights import BlockWeights

X = np.random.default_rng(0).normal(size=(5, 9))
WEIGHTS = st.lists(st.floats(0, 10), min_size=3, max_size=3).filter(lambda w: max(w) > 1e-3)


@given(WEIGHTS)
def test_a_dot_product_is_the_weighted_sum_of_the_blocks(weights):
    found = BlockWeights([2, 4, 3], weights).fit(X).transform(X)
    mean = sum(weights) / 3
    for i in range(5):
        for j in range(5):
            parts = [X[i, :2] @ X[j, :2], X[i, 2:6] @ X[j, 2:6], X[i, 6:] @ X[j, 6:]]
            naive = sum(w / mean * part for w, part in zip(weights, parts, strict=True))
            assert found[i] @ found[j] == pytest.approx(naive, abs=1e-9)


@given(st.floats(1e-3, 1e3))
def test_equal_weights_change_nothing(weight):
    for model in (BlockWeights([4, 5], [weight, weight]), BlockWeights([4, 5])):
        np.testing.assert_allclose(model.fit_transform(X), X, rtol=1e-12)


def test_the_dtype_stays():
    assert BlockWeights([9]).fit(X).transform(np.float32(X)).dtype == np.float32


def test_blocks_that_are_not_those_of_the_vectors_are_refused():
    with pytest.raises(InputError, match="9 numbers do not consist of blocks"):
        BlockWeights([4, 4]).fit(X)
    with pytest.raises(InputError, match="2 weights for 3"):
        BlockWeights([3, 3, 3], [1.0, 2.0]).fit(X)
