"""Multilayer perceptron on vectors: what it computes, its standardization, its calibration."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier

from strata.errors import InputError
from strata.models.classifiers.mlp import ALPHA_GRID, CalibratedMLP
from strata.models.classifiers.model_selection import assign_inner_folds
from strata.models.classifiers.temperature_scaling import fit_temperature


def drawn(classes=3, n=150, d=6, apart=1.0):
    rng = np.random.default_rng(0)
    y = np.arange(n) % classes
    return rng.normal(size=(n, d)) + apart * rng.normal(size=(classes, d))[y], y


def naive_scores(model, x):
    """Output units for one vector, unit by unit."""
    values = list(x)
    for layer, (coef, bias) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        sums = [
            bias[j] + sum(values[i] * coef[i][j] for i in range(len(values)))
            for j in range(len(bias))
        ]
        last = layer == len(model.coefs_) - 1
        values = sums if last else [max(0.0, s) for s in sums]
    return values


@pytest.mark.parametrize("classes", [2, 3])
def test_scores_are_those_of_the_layers_unit_by_unit(classes):
    X, y = drawn(classes, n=60)
    model = CalibratedMLP((5, 4), inner_folds=0).fit(X, y)
    found = model.decision_function(X[:4]).reshape(4, -1)
    np.testing.assert_allclose(found, [naive_scores(model, x) for x in X[:4]], rtol=1e-9)


@pytest.mark.parametrize("classes", [2, 3])
def test_without_inner_folds_it_is_the_library_on_standardized_vectors(classes):
    X, y = drawn(classes)
    X = 1e-3 * X + 0.5
    ours = CalibratedMLP((8,), alpha=5.0, inner_folds=0, random_state=3).fit(X, y)
    centered = X - X.mean(axis=0)
    centered /= np.sqrt(np.mean(centered**2))
    theirs = MLPClassifier((8,), solver="lbfgs", alpha=5.0, max_iter=300, random_state=3)
    expected = theirs.fit(centered, y).predict_proba(centered)
    np.testing.assert_allclose(ours.predict_proba(X), expected, atol=1e-6)


@settings(max_examples=10)
@given(scale=st.floats(1e-3, 1e3), shift=st.floats(-10, 10))
def test_neither_scale_nor_place_of_the_vectors_changes_probabilities(scale, shift):
    X, y = drawn(n=45, d=3)
    model, moved = CalibratedMLP((4,), inner_folds=0, tol=0.1), scale * (X + shift)
    expected = model.fit(X, y).predict_proba(X)
    np.testing.assert_allclose(model.fit(moved, y).predict_proba(moved), expected, atol=1e-4)


def test_alpha_is_chosen_by_the_log_loss_of_calibrated_probabilities():
    X, y = drawn(n=90, d=20, apart=0.4)
    found = CalibratedMLP((4,), alpha="cv", inner_folds=3).fit(X, y)
    fold_of = assign_inner_folds(y, np.arange(90), 3, 0)
    losses = {}
    for alpha in ALPHA_GRID:
        scores = np.zeros((90, 3))
        for fold in range(3):
            held = fold_of == fold
            model = CalibratedMLP((4,), alpha=alpha, inner_folds=0)
            scores[held] = model.fit(X[~held], y[~held]).decision_function(X[held])
        T = fit_temperature(scores, y)
        losses[alpha] = log_loss(y, softmax(scores / T, axis=1)), T
    best = min(losses, key=losses.get)
    assert (found.alpha_, found.temperature_) == (best, pytest.approx(losses[best][1]))
    assert best not in (ALPHA_GRID[0], ALPHA_GRID[-1])


def test_probabilities_are_calibrated_on_images_it_has_not_seen():
    X, y = drawn(n=600, d=40, apart=0.3)
    off = []
    for inner_folds in (0, 4):
        model = CalibratedMLP((16,), alpha=0.1, inner_folds=inner_folds).fit(X[:200], y[:200])
        found = model.predict_proba(X[200:])
        assert np.allclose(found.sum(axis=1), 1)
        off.append(found.max(axis=1).mean() - (found.argmax(axis=1) == y[200:]).mean())
    assert off[0] > 2 * abs(off[1])


def test_copies_stay_in_one_inner_fold():
    noise = np.repeat(np.random.default_rng(0).normal(size=(45, 40)), 3, axis=0)
    labels, groups = np.repeat(np.arange(45) % 3, 3), np.repeat(np.arange(45), 3)
    model = CalibratedMLP((8,), alpha=5.0, inner_folds=3)
    alone, told = (clone(model).fit(noise, labels, g) for g in (None, groups))
    assert told.temperature_ > 2 * alone.temperature_


def test_what_is_not_linear_is_learned():
    X = np.random.default_rng(0).normal(size=(300, 2))
    y = X[:, 0] * X[:, 1] > 0
    model = CalibratedMLP((16,), alpha=0.1).fit(X[:200].astype(np.float32), y[:200])
    assert model.score(X[200:].astype(np.float32), y[200:]) > 0.9
    assert model.converged_
    assert model.coefs_[0].dtype == np.float32


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("hidden", [(), (6,), (6, 5)])
def test_the_linear_piece_has_the_same_scores_nearby(classes, hidden):
    X, y = drawn(classes, n=60)
    model = CalibratedMLP(hidden, inner_folds=0).fit(X, y)
    for x in X[:5]:
        piece = model.linearized(x)
        for near in (x, x + 1e-7):
            expected = model.decision_function(near[None]).ravel()
            np.testing.assert_allclose(piece.coef_ @ near + piece.intercept_, expected, atol=1e-9)


def test_a_fit_that_stops_early_says_so():
    X, y = drawn()
    with pytest.warns(ConvergenceWarning, match="max_iter"):
        assert not CalibratedMLP((4,), max_iter=2).fit(X, y).converged_


def test_what_it_cannot_learn_from_is_refused():
    X, y = drawn(n=12)
    with pytest.raises(InputError, match=r"^alpha = "):
        CalibratedMLP(alpha=-1.0).fit(X, y)
    with pytest.raises(InputError, match='alpha = "cv" needs inner_folds'):
        CalibratedMLP(alpha="cv", inner_folds=0).fit(X, y)
    with pytest.raises(ValueError, match="one class"):
        CalibratedMLP().fit(X, np.zeros(12))
