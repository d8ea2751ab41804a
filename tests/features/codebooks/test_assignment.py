import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.errors import InputError
from strata.features.codebooks.assignment import nearest_words, soft_assignment, squared_distances
from strata.features.codebooks.kmeans import KMeansCodebook


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


def test_uint8_and_float32_have_the_same_words():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (3000, 16), np.uint8)
    words = X[:100].astype(np.float32) + 0.25
    labels = nearest_words(X, words)
    np.testing.assert_array_equal(labels, nearest_words(X.astype(np.float32), words))
    np.testing.assert_array_equal(labels, distances(X, words).argmin(axis=1))


def nearest_by_distance(X, words):
    return distances(X, words).argmin(axis=1)


def test_words_closer_than_int16_resolves_are_separated():
    rng = np.random.default_rng(0)
    words = (1 + 1e-5 * rng.normal(size=(200, 9))).astype(np.float32)
    words[0] = -100  # this one sets the scale of the int16 product
    X = (1 + 1e-5 * rng.normal(size=(1000, 9))).astype(np.float32)
    np.testing.assert_array_equal(nearest_words(X, words), nearest_by_distance(X, words))


def test_rows_of_any_length_in_one_block():
    rng = np.random.default_rng(0)
    lengths = 10.0 ** rng.integers(-6, 7, (2000, 1))
    X = (rng.normal(size=(2000, 30)) * lengths).astype(np.float32)
    words = rng.normal(size=(70, 30)).astype(np.float32)
    near = np.take_along_axis(distances(X, words), nearest_words(X, words)[:, None], 1)[:, 0]
    np.testing.assert_allclose(near, distances(X, words).min(axis=1), rtol=1e-5)


def test_far_from_the_origin():
    rng = np.random.default_rng(0)
    X = (1000 + rng.normal(size=(1500, 5))).astype(np.float32)
    words = (1000 + rng.normal(size=(40, 5))).astype(np.float32)
    np.testing.assert_array_equal(nearest_words(X, words), nearest_by_distance(X, words))


def test_the_first_of_equal_words():
    words = np.repeat(np.eye(4, dtype=np.float32), 3, axis=0)
    np.testing.assert_array_equal(nearest_words(np.eye(4), words), [0, 3, 6, 9])
    np.testing.assert_array_equal(nearest_words(np.zeros((2, 4)), words), [0, 0])
    np.testing.assert_array_equal(nearest_words(np.ones((2, 4)), words[:1]), [0, 0])


@pytest.mark.parametrize("far", [1e17, 1e30, np.inf, -np.inf, np.nan])
def test_what_leaves_float32_when_squared_is_refused(far):
    good, bad = np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32)
    bad[1, 2] = far
    for X, words in ((bad, good), (good, bad)):
        with pytest.raises(InputError, match="leave float32"):
            nearest_words(X, words)
        with pytest.raises(InputError, match="leave float32"):
            soft_assignment(X, words, n_neighbors=2, bandwidth=1)
    with pytest.raises(InputError, match="leave float32"):
        KMeansCodebook(2).fit(np.nan_to_num(1e30 * good))


def test_words_too_close_for_their_distance_to_be_told_are_refused():
    words = np.array([[-1e-36, 0], [1e-36, 0]], np.float32)
    with pytest.raises(InputError, match="cannot be told apart"):
        nearest_words(np.array([[0.5, 0], [-0.5, 0]]), words)
    near = np.float32([[-1e-17, 0], [1e-17, 0]])
    assert nearest_words(near[::-1], near).tolist() == [1, 0]


def test_a_label_depends_on_its_row_alone():
    rng = np.random.default_rng(0)
    X, words = rng.random((700, 16), np.float32), rng.random((90, 16), np.float32)
    together = nearest_words(X, words)
    np.testing.assert_array_equal(together[::7], nearest_words(X[::7], words))
    np.testing.assert_array_equal(together[::-1], nearest_words(X[::-1], words))


def test_soft_weights_are_a_gaussian_of_the_distance():
    rng = np.random.default_rng(0)
    X, words = rng.normal(size=(3000, 4)), rng.normal(size=(30, 4)).astype(np.float32)
    labels, weights = soft_assignment(X, words, n_neighbors=3, bandwidth=0.7)
    naive = distances(X, words)
    order = naive.argsort(axis=1)[:, :3]
    expected = np.exp(-np.take_along_axis(naive, order, 1) / (2 * 0.7**2))
    np.testing.assert_array_equal(labels, order)
    np.testing.assert_allclose(weights, expected / expected.sum(axis=1, keepdims=True), atol=1e-5)


@pytest.mark.parametrize("offset", [0, 100, 3000])
def test_soft_weights_do_not_depend_on_the_origin(offset):
    rng = np.random.default_rng(0)
    X, words = (rng.integers(-64, 64, (n, 8)).astype(np.float32) / 16 for n in (500, 20))
    here = soft_assignment(X, words, n_neighbors=4, bandwidth=1)
    there = soft_assignment(X + offset, words + offset, n_neighbors=4, bandwidth=1)
    np.testing.assert_array_equal(here[0], there[0])
    np.testing.assert_allclose(here[1], there[1], atol=1e-6)


def test_soft_assignment_has_no_more_neighbors_than_words():
    labels, weights = soft_assignment(np.ones((2, 2)), np.eye(2, dtype=np.float32),
                                      n_neighbors=5, bandwidth=1)  # fmt: skip
    assert labels.shape == weights.shape == (2, 2)
