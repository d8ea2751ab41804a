"""Late fusion with learned weights: objective, laws, and what is known of special members."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from strata.models import ScoreFusion
from strata.models.classifiers.score_fusion import penalized_log_loss

seeds = st.integers(0, 2**32 - 1)


def opinion(y, strength, rng, classes=3):
    """Logits (n, classes) that speak for the true class, and noise."""
    return strength * np.eye(classes)[y] + rng.normal(size=(len(y), classes))


def members(seed, strengths=(2.0, 1.0, 0.5), n=80, classes=3):
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(classes), rng.integers(classes, size=n - classes)])
    return np.stack([opinion(y, s, rng, classes) for s in strengths], axis=1), y


def naive(theta, Z, y, C):
    """Objective, image by image and class by class."""
    n, m, c = Z.shape
    weights, bias = theta[:m], theta[m:]
    total = 0.0
    for i in range(n):
        logits = [bias[j] + sum(weights[k] * Z[i, k, j] for k in range(m)) for j in range(c)]
        log_sum = np.log(sum(np.exp(v) for v in logits))
        losses = [log_sum - v for v in logits]
        total += losses[y[i]] + sum(losses) / (n * c)
    total += sum((w - sum(weights) / m) ** 2 for w in weights) / (2 * C)
    total += sum(b**2 for b in bias) / (2 * C)
    return total / n


@given(seeds, st.floats(0.05, 20), st.integers(2, 4), st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_the_objective_is_the_naive_one_and_its_gradient_the_finite_difference(seed, C, c, m):
    Z, y = members(seed, (1.0,) * m, n=9, classes=c)
    theta = np.random.default_rng(seed).uniform(0, 2, m + c)
    value, gradient = penalized_log_loss(theta, Z, y, C)
    assert value == pytest.approx(naive(theta, Z, y, C), rel=1e-9)
    slope = approx_fprime(theta, lambda t: penalized_log_loss(t, Z, y, C)[0], 1e-6)
    np.testing.assert_allclose(gradient, slope, atol=1e-4)


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_no_other_weights_are_better(seed):
    """Not a single member, not equal weights, not any drawn ones: the problem is convex."""
    X, y = members(seed)
    fusion = ScoreFusion().fit(X, y)
    Z = log_softmax(X / fusion.temperatures_[:, None], axis=2)

    def objective(weights, bias=(0, 0, 0)):
        return penalized_log_loss(np.array([*weights, *bias]), Z, y, fusion.C)[0]

    rng = np.random.default_rng(seed)
    others = [*np.eye(3), *(s * np.ones(3) for s in (0.1, 1 / 3, 0.5, 1))]
    least = min(objective(w) for w in [*others, *rng.uniform(0, 2, (20, 3))])
    assert objective(fusion.weights_, fusion.intercept_) <= least + 1e-9
    near = fusion.weights_ + rng.uniform(0, 0.02, 3), fusion.intercept_ + rng.normal(size=3) / 50
    assert objective(fusion.weights_, fusion.intercept_) <= objective(*near) + 1e-9


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_on_the_images_of_the_fit_no_member_is_better(seed):
    X, y = members(seed)
    fusion = ScoreFusion().fit(X, y)
    assert fusion.log_loss_ <= fusion.member_log_losses_.min() + 2 / len(y)  # a penalty's worth
    free = ScoreFusion(C=1e9).fit(X, y)
    assert free.log_loss_ <= free.member_log_losses_.min() + 2e-3  # of the image of unknown class


@given(seeds, st.permutations(range(3)))
@settings(max_examples=20, deadline=None)
def test_members_in_another_order_have_the_same_weights(seed, order):
    X, y = members(seed)
    one, other = ScoreFusion().fit(X, y), ScoreFusion().fit(X[:, order], y)
    np.testing.assert_allclose(other.weights_, one.weights_[order], atol=1e-3)


@given(seeds, st.floats(0.001, 1000), st.floats(-50, 50))
@settings(max_examples=20, deadline=None)
def test_scale_and_offset_of_scores_do_not_matter(seed, scale, offset):
    X, y = members(seed)
    changed = X.copy()
    changed[:, 0] = scale * X[:, 0] + offset
    p, q = (ScoreFusion().fit(given, y).predict_proba(given) for given in (X, changed))
    np.testing.assert_allclose(p, q, atol=1e-3)


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_a_member_that_is_there_twice_changes_little(seed):
    X, y = members(seed)
    twice = X[:, [0, 0, 1, 2]]
    p, q = (ScoreFusion().fit(given, y).predict_proba(given) for given in (X, twice))
    assert np.abs(p - q).mean() < 0.02
    assert (p.argmax(axis=1) == q.argmax(axis=1)).mean() > 0.9


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_a_member_that_tells_nothing_has_hardly_a_share(seed):
    X, y = members(seed, (2.0, 0.0), n=400)
    fusion = ScoreFusion().fit(X, y)
    assert fusion.shares_[1] < 0.15
    assert fusion.shares_.sum() == pytest.approx(1)
    before = (X[:, 0].argmax(axis=1) == y).mean()
    assert (fusion.predict(X) == y).mean() > before - 0.03


def test_a_member_that_is_always_wrong_is_left_out():
    X, y = members(0, (2.0, 2.0), n=200)
    X[:, 1] = -X[:, 1]
    fusion = ScoreFusion().fit(X, y)
    assert fusion.coef_[1] == 0
    assert fusion.temperatures_[1] == np.inf
    assert np.isfinite(fusion.predict_proba(X)).all()


def test_temperatures_are_finite_where_everything_is_right():
    y = np.arange(3).repeat(4)
    X = np.stack([np.eye(3)[y], np.eye(3)[y] + 1], axis=1)
    fusion = ScoreFusion().fit(X, y)
    assert (fusion.temperatures_ > 0.05).all()
    assert fusion.predict_proba(X).max() < 0.9999


def test_one_member_without_pull_is_what_the_library_fits():
    rng = np.random.default_rng(3)
    y = rng.integers(2, size=400)
    logits = opinion(y, 1.5, rng, classes=2)
    fusion = ScoreFusion(C=1e8).fit(logits[:, None], y)
    difference = logits[:, [1]] - logits[:, [0]]
    library = LogisticRegression(C=1e8, tol=1e-8).fit(difference, y)
    assert fusion.coef_[0] == pytest.approx(library.coef_[0, 0], rel=0.02)
    bias = fusion.intercept_[1] - fusion.intercept_[0]
    assert bias == pytest.approx(library.intercept_[0], abs=0.02)
