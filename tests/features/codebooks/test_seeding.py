"""Initial centers of k-means."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.features.codebooks.seeding import kmeans_plus_plus


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 9), st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_centers_are_different_points(n_centers, more, d, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_centers + more, d)).astype(np.float32)
    chosen = kmeans_plus_plus(X, n_centers, rng)
    assert len(set(chosen.tolist())) == n_centers


@pytest.mark.parametrize("offset", [0, 1000])
def test_each_of_some_far_apart_clusters_gets_a_center(offset):
    rng = np.random.default_rng(0)
    clusters = np.repeat(np.arange(20), 30)
    X = (offset + 100 * np.eye(20)[clusters] + rng.normal(size=(600, 20))).astype(np.float32)
    assert set(clusters[kmeans_plus_plus(X, 20, rng)]) == set(range(20))


def test_copies_are_enough():
    chosen = kmeans_plus_plus(np.ones((9, 3), np.float32), 5, np.random.default_rng(0))
    assert chosen.shape == (5,)
    assert chosen.max() < 9
