"""k nearest neighbors with calibrated votes, against refits without each vector and naive loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import KNeighborsClassifier

from strata.models.classifiers.smoothed_knn import (
    SmoothedKNN,
    calibrate,
    leave_one_out_shares,
    log_probabilities,
)

seeds = st.integers(0, 2**32 - 1)


def clouds(seed, n=60, spread=1.0):
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(3), rng.integers(3, size=n - 3)])
    return 2 * np.eye(3)[y] + spread * rng.normal(size=(n, 3)), y


@given(seeds, st.integers(1, 7), st.sampled_from(["uniform", "distance"]))
@settings(max_examples=8, deadline=None)
def test_votes_are_those_of_refits_without_the_vector_and_its_copies(seed, k, weights):
    X, y = clouds(seed, n=20)
    groups = np.random.default_rng(seed).integers(12, size=20)
    first = [np.flatnonzero(groups == group)[0] for group in groups]
    X, y = X[first], np.unique(y[first], return_inverse=True)[1]
    knn = KNeighborsClassifier(k, weights=weights, algorithm="brute").fit(X, y)
    rows = np.arange(20)[::-1]
    found = leave_one_out_shares(knn, X, groups, rows)
    for shares, row in zip(found, rows, strict=True):
        others = groups != groups[row]
        alone = KNeighborsClassifier(min(k, others.sum()), weights=weights, algorithm="brute")
        p = alone.fit(X[others], y[others]).predict_proba(X[[row]])[0]
        expected = np.zeros(len(knn.classes_))
        expected[alone.classes_] = p
        np.testing.assert_allclose(shares, expected, atol=1e-5)


def naive_loss(shares, codes, k, a, T):
    """Mean log loss and that of the vector of unknown class, vote by vote."""
    total = 0.0
    for row, code in zip(shares, codes, strict=True):
        powers = [(k * share + a) ** (1 / T) for share in row]
        losses = [-np.log(power / sum(powers)) for power in powers]
        total += losses[code] + sum(losses) / len(losses) / len(codes)
    return total / len(codes)


@given(seeds)
@settings(max_examples=10, deadline=None)
def test_no_other_smoothing_and_temperature_are_better(seed):
    rng = np.random.default_rng(seed)
    codes = rng.integers(3, size=40)
    shares = rng.multinomial(5, [0.4, 0.3, 0.3], size=40) / 5
    shares[::2] = np.eye(3)[codes[::2]]
    a, T = calibrate(shares, codes, 5)
    least = naive_loss(shares, codes, 5, a, T)
    for other_a in (0.01, 0.1, max(a / 1.1, 0.001), a, a * 1.1, 1, 3, 10):
        for other_T in (0.3, 0.5, max(T / 1.1, 0.1), T, T * 1.1, 1, 3):
            assert least <= naive_loss(shares, codes, 5, other_a, other_T) + 1e-4


@given(seeds, st.integers(1, 9))
@settings(max_examples=15, deadline=None)
def test_the_classes_are_those_of_the_votes(seed, k):
    X, y = clouds(seed)
    new, _ = clouds(seed + 1)
    model = SmoothedKNN(k).fit(X, y + 10)
    votes = KNeighborsClassifier(k, algorithm="brute").fit(X, y + 10)
    np.testing.assert_array_equal(model.predict(new), votes.predict(new))
    p = model.predict_proba(new)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert (p > 0).all()


@pytest.mark.parametrize("k", [1, 5, 20])
def test_new_vectors_have_less_log_loss_than_by_bare_votes(k):
    X, y = clouds(0, n=300, spread=1.5)
    new, truth = clouds(1, n=600, spread=1.5)
    model = SmoothedKNN(k).fit(X, y)
    bare = np.maximum(model.neighbors_.predict_proba(new), 1e-6)
    rows = np.arange(600)
    loss, before = (-np.log(p[rows, truth]).mean() for p in (model.predict_proba(new), bare))
    assert loss < before - 0.02


def test_nothing_is_certain_where_every_vector_has_its_own_kind_around_it():
    X = np.repeat(np.eye(3), 10, axis=0) + np.linspace(0, 0.01, 30)[:, None]
    p = SmoothedKNN().fit(X, np.arange(30) // 10).predict_proba(X)
    assert 0.9 < p.max() < 0.9999


def test_copies_alone_leave_the_shares_as_they_are():
    X, y = np.zeros((4, 2)), np.array([0, 0, 1, 1])
    model = SmoothedKNN(4).fit(X, y, groups=[7, 7, 7, 7])
    assert (model.smoothing_, model.temperature_) == (1.0, 1.0)
    np.testing.assert_allclose(
        np.exp(log_probabilities(np.array([[3.0, 1.0]]), 1, 1)), [[2 / 3, 1 / 3]]
    )
