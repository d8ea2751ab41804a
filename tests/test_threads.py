"""Threads within a stage: as many as are allowed, and the same result with any number."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata import _threads
from strata._threads import allow_threads, in_threads
from strata.features._simd import gmm_posteriors
from strata.features.codebooks import assignment
from strata.features.codebooks.assignment import nearest_words
from strata.features.codebooks.gaussian_mixture import DiagonalGaussianMixture


@pytest.fixture(autouse=True)
def _one_again():
    yield
    allow_threads(1)


@given(st.integers(1, 5), st.lists(st.integers(), max_size=9))
def test_results_come_in_order(count, parts):
    allow_threads(count)
    assert list(in_threads(lambda x: x + 1, parts)) == [x + 1 for x in parts]


def test_parts_run_side_by_side_where_that_is_allowed():
    meet = threading.Barrier(3, timeout=30)
    allow_threads(3)
    assert sorted(in_threads(lambda part: meet.wait(), range(3))) == [0, 1, 2]
    allow_threads(1)
    assert set(in_threads(lambda part: threading.current_thread(), range(3))) == {
        threading.current_thread()
    }


def test_an_error_in_a_thread_is_the_callers():
    allow_threads(2)
    with pytest.raises(ZeroDivisionError):
        list(in_threads(lambda x: 1 / x, [1, 0, 2]))


@pytest.mark.parametrize("count", [2, 3])
def test_mixtures_and_words_are_the_same_bit_for_bit(monkeypatch, count):
    monkeypatch.setattr(gmm_posteriors, "_PART", 2 * gmm_posteriors._BLOCK)
    monkeypatch.setattr(assignment, "_PART", 2 * assignment._BLOCK)
    X = np.random.default_rng(0).normal(size=(5000, 7)).astype(np.float32)
    found = []
    for threads in (1, count):
        allow_threads(threads)
        mixture = DiagonalGaussianMixture(5, max_iter=4).fit(X)
        found.append((mixture.means_, mixture.covariances_, nearest_words(X, X[:40])))
    assert _threads._allowed == count
    for one, several in zip(*found, strict=True):
        np.testing.assert_array_equal(one, several)
