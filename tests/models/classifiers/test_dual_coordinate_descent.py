"""Dual coordinate descent over blocks, against the conditions of its optimum."""

import numpy as np
import pytest

from strata.models.classifiers import dual_coordinate_descent
from strata.models.classifiers.dual_coordinate_descent import BlockDescent


def descent_of(X, y, block=50):
    def blocks():
        for start in range(0, len(X), block):
            yield np.arange(start, min(start + block, len(X))), X[start : start + block]

    targets = np.where(np.arange(2)[:, None] == y, 1.0, -1.0)
    return BlockDescent(blocks, targets, max_iter=2000, tol=1e-6), targets


def drawn(n=160, d=30):
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=n)
    return rng.normal(size=(n, d)) + 0.3 * y[:, None], y


def test_the_optimum_has_no_duality_gap():
    X, y = drawn()
    descent, targets = descent_of(X, y)
    costs = np.random.default_rng(1).uniform(0.1, 2, len(X))
    found = descent.solve(costs, np.random.default_rng(0))
    margins = targets * (found.coef @ X.T + found.intercept[:, None])
    norm = ((found.coef**2).sum(1) + found.intercept**2) / 2
    primal = norm + (costs * np.maximum(0, 1 - margins)).sum(1)
    assert (primal - (found.alpha.sum(1) - norm) < 1e-3 * primal).all()
    assert (found.alpha >= 0).all()
    assert (found.alpha <= costs).all()


def test_weights_are_the_sum_of_the_support_vectors():
    X, y = drawn()
    descent, targets = descent_of(X, y)
    found = descent.solve(np.full(len(X), 0.5), np.random.default_rng(0))
    assert np.allclose(found.coef, (found.alpha * targets) @ X)
    assert np.allclose(found.intercept, (found.alpha * targets).sum(1))


def test_vectors_of_cost_zero_are_left_out():
    X, y = drawn()
    used = np.arange(len(X)) % 4 > 0
    whole, _ = descent_of(X, y)
    part, _ = descent_of(X[used], y[used])
    found = whole.solve(np.where(used, 0.5, 0.0), np.random.default_rng(0))
    alone = part.solve(np.full(used.sum(), 0.5), np.random.default_rng(0))
    assert (found.alpha[:, ~used] == 0).all()
    assert np.allclose(found.coef, alone.coef, atol=1e-3)


def test_a_warm_start_saves_passes_and_ends_at_the_same_optimum():
    X, y = drawn()
    descent, _ = descent_of(X, y)
    costs = np.full(len(X), 1.0)
    first = descent.solve(0.9 * costs, np.random.default_rng(0))
    cold = descent.solve(costs, np.random.default_rng(0))
    warm = descent.solve(costs, np.random.default_rng(0), first)
    assert warm.n_iter < cold.n_iter
    assert np.allclose(warm.coef, cold.coef, atol=1e-3)


@pytest.mark.parametrize("room", [0, 50 * 50 * 8, 2**28])
def test_gram_matrices_beyond_the_cache_are_computed_again(room, monkeypatch):
    X, y = drawn()
    expected = descent_of(X, y)[0].solve(np.ones(len(X)), np.random.default_rng(0))
    monkeypatch.setattr(dual_coordinate_descent, "CACHE_BYTES", room)
    descent, _ = descent_of(X, y)
    found = descent.solve(np.ones(len(X)), np.random.default_rng(0))
    assert sum(gram.nbytes for gram in descent._gram_cache.values()) <= room
    assert np.array_equal(found.coef, expected.coef)
