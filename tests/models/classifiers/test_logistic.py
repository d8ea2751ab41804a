"""Logistic regression that reads its vectors block by block."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from strata.errors import InputError
from strata.models.classifiers.logistic import C_GRID, CalibratedLogistic
from strata.models.classifiers.model_selection import assign_inner_folds
from strata.models.classifiers.multinomial import fit_logistic
from strata.models.classifiers.temperature_scaling import fit_temperature


def drawn(classes, n=300, d=6):
    rng = np.random.default_rng(0)
    y = rng.choice(classes, size=n, p=np.arange(1, classes + 1) / sum(range(classes + 1)))
    return rng.normal(size=(n, d)) + 0.8 * rng.normal(size=(classes, d))[y], y


def in_blocks(X):
    order = np.random.default_rng(1).permutation(len(X))

    def blocks():
        for numbers in np.array_split(order, 7):
            yield numbers, X[numbers]

    return blocks


@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize("classes", [2, 4])
def test_it_finds_what_the_library_finds_in_memory(classes, class_weight):
    X, y = drawn(classes)
    names = np.array(["coast", "forest", "highway", "street"])[y]
    settings = {"C": 0.3, "class_weight": class_weight}
    ours = fit_logistic(in_blocks(X), names, tol=1e-7, **settings)
    theirs = LogisticRegression(tol=1e-8, **settings).fit(X, names)
    assert ours.coef_.shape == theirs.coef_.shape
    assert np.allclose(ours.coef_, theirs.coef_, atol=1e-3)
    assert np.allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-3)
    assert (ours.predict(X) == theirs.predict(X)).mean() > 0.99
    assert ours.n_iter_ > 1


def correlated(n=500, d=40, classes=3):
    rng = np.random.default_rng(0)
    y = rng.integers(classes, size=n)
    spread = rng.normal(size=(d, d)) * np.geomspace(1, 0.02, d)
    X = (rng.normal(size=(n, d)) + 0.3 * rng.normal(size=(classes, d))[y]) @ spread
    return (X - X.mean(axis=0)) / X.std(axis=0), y


@pytest.mark.parametrize("C", [0.1, 10.0, 1000.0])
@pytest.mark.parametrize("tol", [1e-4, 1e-7])
def test_the_tolerance_is_kept(C, tol):
    X, y = correlated()
    found = fit_logistic(in_blocks(X), y, C=C, tol=tol)
    residuals = found.predict_proba(X) - np.eye(3)[y]
    gradient = residuals.T @ X / len(X) + found.coef_ / (C * len(X))
    assert np.abs(gradient).max() <= tol
    assert found.converged_


def unit_vectors(n, d=1000, classes=4):
    rng = np.random.default_rng(0)
    y = rng.integers(classes, size=n)
    X = rng.normal(size=(n, d)) + 0.15 * rng.normal(size=(classes, d))[y] + 1
    return X / np.linalg.norm(X, axis=1, keepdims=True), y


def test_a_large_C_converges_on_unit_vectors():
    """Components of 0.03, whose gradients are below the tolerance long before the optimum."""
    X, y = unit_vectors(200)
    found = fit_logistic(in_blocks(X), y, C=100.0)
    exact = LogisticRegression(C=100.0, tol=1e-10, max_iter=10_000).fit(X, y)
    assert np.abs(found.coef_ - exact.coef_).max() < 0.005 * np.abs(exact.coef_).max()


def test_an_inner_fold_learns_nothing_of_its_held_out_images():
    """Temperatures of separate fits from zero are found, whatever the other folds have seen."""
    X, y = unit_vectors(120)
    X = np.float32(X)
    found = CalibratedLogistic(C=1000.0, inner_folds=3).fit(X, y)
    fold_of, scores = assign_inner_folds(y, np.arange(120), 3, 0), np.zeros((120, 4))
    for fold in range(3):
        held = fold_of == fold
        alone = fit_logistic(in_blocks(X[~held]), y[~held], C=1000.0, tol=1e-6)
        scores[held] = alone.decision_function(X[held])
    assert found.temperature_ == pytest.approx(fit_temperature(scores, y), rel=0.05)


def test_a_fit_that_stops_early_says_so():
    X, y = correlated()
    assert not fit_logistic(in_blocks(X), y, max_iter=3).converged_
    with pytest.warns(ConvergenceWarning, match="max_iter"):
        assert not CalibratedLogistic(max_iter=3).fit(X, y).converged_


def test_vectors_that_cannot_be_learned_from_are_refused():
    X, y = correlated()
    with pytest.raises(ValueError, match="one class"):
        fit_logistic(in_blocks(X), np.zeros(len(X)))
    with pytest.raises(InputError, match=r"^C = "):
        CalibratedLogistic(C=0.0).fit(X, y)
    X[7, 1] = np.inf
    with pytest.raises(InputError, match="infinity"):
        fit_logistic(in_blocks(X), y)


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("streamed", [False, True])
def test_probabilities_are_calibrated_and_predictions_unchanged(classes, streamed):
    X, y = drawn(classes, n=1200, d=60)
    X = X / np.linalg.norm(X, axis=1, keepdims=True)
    plain = LogisticRegression(C=0.3, tol=1e-6).fit(X[:600], y[:600])
    model = CalibratedLogistic(C=0.3, tol=1e-6)
    fitted = (
        model.fit_blocks(in_blocks(X[:600]), y[:600]) if streamed else model.fit(X[:600], y[:600])
    )
    assert (fitted.predict(X[600:]) == plain.predict(X[600:])).mean() > 0.995
    assert fitted.training_accuracy_ == pytest.approx(plain.score(X[:600], y[:600]), abs=0.005)
    off = []
    for found in (plain.predict_proba(X[600:]), fitted.predict_proba(X[600:])):
        assert np.allclose(found.sum(axis=1), 1)
        right = found.argmax(axis=1) == y[600:]
        off.append(abs(found.max(axis=1).mean() - right.mean()))
    assert off[1] < 0.05 < 0.07 < off[0]


def test_without_inner_folds_the_probabilities_are_those_of_the_penalty():
    X, y = drawn(2)
    ours = CalibratedLogistic(inner_folds=0, tol=1e-7).fit(X, y)
    theirs = LogisticRegression(tol=1e-8).fit(X, y)
    assert np.allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-3)
    assert np.allclose(ours.decision_function(X), theirs.decision_function(X), atol=1e-2)


def test_copies_stay_in_one_inner_fold():
    noise = np.repeat(np.random.default_rng(0).normal(size=(60, 80)), 3, axis=0)
    labels, groups = np.repeat(np.arange(60) % 3, 3), np.repeat(np.arange(60), 3)
    alone = CalibratedLogistic(C=100.0).fit(noise, labels)
    told = CalibratedLogistic(C=100.0).fit(noise, labels, groups)
    assert told.temperature_ > 2 * alone.temperature_


def test_single_precision_is_enough():
    X, y = drawn(3)
    found = fit_logistic(in_blocks(X.astype(np.float32)), y)
    exact = fit_logistic(in_blocks(X), y)
    assert np.allclose(found.coef_, exact.coef_, atol=1e-2)


@pytest.mark.parametrize(("dtype", "offset"), [(np.float32, 3000), (np.float64, 1e6)])
@pytest.mark.parametrize("classes", [2, 3])
def test_vectors_far_from_the_origin_are_learned_as_well(classes, dtype, offset):
    X, y = drawn(classes)
    near = CalibratedLogistic().fit(X, y)
    far = CalibratedLogistic().fit((X + offset).astype(dtype), y)
    assert near.converged_
    assert far.converged_
    assert abs(near.training_accuracy_ - far.training_accuracy_) < 0.01
    assert np.allclose(near.coef_, far.coef_, atol=0.01)


@pytest.mark.parametrize(("noise", "scale"), [(0.3, 1.0), (1.5, 1.0), (3.0, 0.05)])
def test_C_is_chosen_by_the_log_loss_of_calibrated_probabilities(noise, scale):
    rng = np.random.default_rng(3)
    y = np.arange(120) % 3
    X = scale * (np.eye(3)[y] @ rng.normal(size=(3, 20)) + rng.normal(0, noise, (120, 20)))
    found = CalibratedLogistic(C="cv", inner_folds=4).fit(X, y)
    fold_of = assign_inner_folds(y, np.arange(120), 4, 0)
    losses = {}
    for C in C_GRID:
        scores = np.zeros((120, 3))
        for fold in range(4):
            model = LogisticRegression(C=C, max_iter=5000, tol=1e-6)
            held = fold_of == fold
            scores[held] = model.fit(X[~held], y[~held]).decision_function(X[held])
        T = fit_temperature(scores, y)
        losses[C] = log_loss(y, softmax(scores / T, axis=1)), T
    best = min(losses, key=losses.get)
    assert best == found.C_
    np.testing.assert_allclose(found.temperature_, losses[best][1], rtol=0.02)
    same = CalibratedLogistic(C=best, inner_folds=4).fit(X, y)
    np.testing.assert_allclose(found.coef_, same.coef_, atol=2e-2 * np.abs(same.coef_).max())


def test_C_cannot_be_chosen_without_inner_folds():
    X, y = np.eye(4), [0, 0, 1, 1]
    with pytest.raises(InputError, match='C = "cv" needs inner_folds'):
        CalibratedLogistic(C="cv", inner_folds=0).fit(X, y)
