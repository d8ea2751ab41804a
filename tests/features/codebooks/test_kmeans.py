import itertools

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from strata.errors import InputError
from strata.features.codebooks.kmeans import KMeansCodebook


def blobs(n=3000, k=12, d=8, seed=0):
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(k, d)) * 4
    return (centers[rng.integers(k, size=n)] + rng.normal(size=(n, d))).astype(np.float32)


def test_inertia_is_that_of_the_labels_and_about_as_low_as_scikit_learns():
    X = blobs()
    ours = KMeansCodebook(n_words=50, max_iter=30).fit(X)
    own = ((X.astype(float) - ours.cluster_centers_[ours.labels_]) ** 2).sum()
    np.testing.assert_allclose(ours.inertia_, own, rtol=1e-5)
    peer = KMeans(50, init="random", n_init=1, max_iter=30, random_state=0).fit(X)
    assert ours.inertia_ < 1.05 * peer.inertia_


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("offset", [0, 1000])
def test_separated_clusters_are_found(seed, offset):
    rng = np.random.default_rng(seed)
    centers = 30 * rng.normal(size=(64, 16)) + offset
    X = (np.repeat(centers, 100, axis=0) + rng.normal(size=(6400, 16))).astype(np.float32)
    found = KMeansCodebook(64, random_state=seed).fit(X)
    best = KMeans(64, init=centers, n_init=1).fit(X)
    assert found.inertia_ < 1.6 * best.inertia_  # from random points: 20 to 40 times


def test_fewer_different_points_than_words_are_told():
    X = np.repeat(np.eye(5, dtype=np.float32), 50, axis=0)
    with pytest.warns(ConvergenceWarning, match="Only 5 of 8 centers"):
        found = KMeansCodebook(8).fit(X)
    assert found.inertia_ == 0
    assert np.isfinite(found.cluster_centers_).all()


def test_more_iterations_never_raise_the_inertia():
    X = blobs()
    inertias = [KMeansCodebook(40, max_iter=i).fit(X).inertia_ for i in (2, 6, 20, 60)]
    assert all(b < a * 1.001 for a, b in itertools.pairwise(inertias))


def test_labels_are_predictions_and_runs_repeat_bit_for_bit():
    X = blobs()
    first, second = (KMeansCodebook(20, random_state=3).fit(X) for _ in range(2))
    np.testing.assert_array_equal(first.predict(X), first.labels_)
    np.testing.assert_array_equal(first.cluster_centers_, second.cluster_centers_)
    assert (
        KMeansCodebook(20, random_state=4).fit(X).cluster_centers_ != first.cluster_centers_
    ).any()


def test_no_word_stays_empty_among_copies():
    X = np.repeat(np.eye(8, dtype=np.float32), 50, axis=0)
    found = KMeansCodebook(8, random_state=1).fit(X)
    assert found.inertia_ == pytest.approx(0)
    assert len(np.unique(found.labels_)) == 8


def test_too_few_points():
    with pytest.raises(InputError, match="too few"):
        KMeansCodebook(n_words=10).fit(np.ones((9, 2)))
    with pytest.raises(InputError, match="one word or more"):
        KMeansCodebook(n_words=0).fit(np.ones((9, 2)))
