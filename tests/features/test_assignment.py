import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.features.assignment import nearest_words, soft_assignment, squared_distances


def distances(X, words):
    return ((X[:, None].astype(float) - words.astype(float)) ** 2).sum(axis=2)


@given(st.integers(0, 300), st.integers(1, 40), st.integers(1, 20), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_the_nearest_word_is_nearest(n, k, d, seed):
    rng = np.random.default_rng(seed)
    X, words = rng.normal(size=(n, d)), rng.normal(size=(k, d)).astype(np.float32)
    X = X.astype(np.float32)
    labels = nearest_words(X, words)
    squared = squared_distances(X, words, labels)
    naive = distances(X, words)
    np.testing.assert_allclose(naive[np.arange(n), labels], naive.min(axis=1), atol=1e-4)
    np.testing.assert_allclose(squared, naive.min(axis=1), atol=1e-4)


def test_bytes_and_floats_fall_to_the_same_words():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (3000, 16), np.uint8)
    words = X[:100].astype(np.float32) + 0.25
    labels = nearest_words(X, words)
    np.testing.assert_array_equal(labels, nearest_words(X.astype(np.float32), words))
    np.testing.assert_array_equal(labels, distances(X, words).argmin(axis=1))


def test_soft_weights_are_a_gaussian_of_the_distance():
    rng = np.random.default_rng(0)
    X, words = rng.normal(size=(3000, 4)), rng.normal(size=(30, 4)).astype(np.float32)
    labels, weights = soft_assignment(X, words, neighbours=3, bandwidth=0.7)
    naive = distances(X, words)
    order = naive.argsort(axis=1)[:, :3]
    expected = np.exp(-np.take_along_axis(naive, order, 1) / (2 * 0.7**2))
    np.testing.assert_array_equal(labels, order)
    np.testing.assert_allclose(weights, expected / expected.sum(axis=1, keepdims=True), atol=1e-5)


def test_soft_assignment_has_no_more_neighbours_than_words():
    labels, weights = soft_assignment(np.ones((2, 2)), np.eye(2, dtype=np.float32),
                                      neighbours=5, bandwidth=1)  # fmt: skip
    assert labels.shape == weights.shape == (2, 2)
