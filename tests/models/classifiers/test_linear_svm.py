"""The linear SVM that reads its vectors block by block."""

import weakref

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from strata.errors import InputError
from strata.models.classifiers.linear_svm import LinearSVM


def overlapping(classes=3, n=240, d=8, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(classes, size=n)
    X = rng.normal(size=(n, d)) + 1.2 * rng.normal(size=(classes, d))[y]
    return X / np.linalg.norm(X, axis=1, keepdims=True), y


def in_pieces(X, *cuts):
    order = np.random.default_rng(1).permutation(len(X))

    def blocks():
        for numbers in np.split(order, cuts):
            yield numbers, X[numbers]

    return blocks


@pytest.mark.parametrize("classes", [2, 3])
def test_it_finds_what_liblinear_finds(classes):
    X, y = overlapping(classes)
    ours = LinearSVM(C=2.0, tol=1e-3, max_iter=500, validation_fraction=0).fit(X, y)
    theirs = LinearSVC(C=2.0, loss="hinge", tol=1e-7, max_iter=10**6, random_state=0).fit(X, y)
    assert np.allclose(ours.coef_, theirs.coef_, atol=2e-3)
    assert np.allclose(ours.intercept_, theirs.intercept_, atol=2e-3)
    assert np.allclose(ours.decision_function(X), theirs.decision_function(X), atol=5e-3)


def test_how_vectors_are_cut_into_blocks_does_not_matter():
    X, y = overlapping()
    settings = {"C": 2.0, "tol": 1e-3, "max_iter": 500, "validation_fraction": 0}
    whole = LinearSVM(**settings).fit(X, y)
    pieces = LinearSVM(**settings).fit_blocks(in_pieces(X, 7, 130, 131), y)
    assert np.allclose(whole.coef_, pieces.coef_, atol=1e-2)


def test_vectors_sorted_by_class_are_learned_as_well():
    X, y = overlapping(6, n=1500, d=8)
    order = np.argsort(y)
    mixed, by_class = LinearSVM().fit(X, y), LinearSVM().fit(X[order], y[order])
    assert by_class.training_accuracy_ > mixed.training_accuracy_ - 0.02


def test_only_one_block_is_asked_for_at_a_time():
    X, y = overlapping()
    reading = []

    def blocks():
        for start in range(0, len(X), 80):
            block = X[start : start + 80].copy()
            reading.append(weakref.ref(block))
            yield np.arange(start, start + 80), block
            del block
            assert sum(ref() is not None for ref in reading) <= 1

    LinearSVM(max_iter=3).fit_blocks(blocks, y)
    assert len(reading) > 6


def test_probabilities_and_cost_are_learned_from_held_out_vectors():
    X, y = overlapping(n=900)
    model = LinearSVM(C="cv").fit(X[:600], y[:600])
    assert model.inner_accuracy_ < 1
    found = model.predict_proba(X[600:])
    right = found.argmax(axis=1) == y[600:]
    assert abs(found.max(axis=1).mean() - right.mean()) < 0.05


def test_choosing_C_needs_held_out_vectors():
    X, y = overlapping()
    for wrong in (0.0, -1.0, "cvs"):
        with pytest.raises(InputError, match=r"^C = "):
            LinearSVM(wrong).fit(X, y)
    for held_out in (0, 1.0):
        with pytest.raises(InputError, match="held out"):
            LinearSVM("cv", validation_fraction=held_out).fit(X, y)


@pytest.mark.parametrize("seed", range(12))
def test_a_class_of_one_vector_still_gives_probabilities_and_C(seed):
    X, y = overlapping()
    X, y = np.vstack([X, -X[:1]]), np.append(y, 3)
    model = LinearSVM("cv", validation_fraction=0.5, random_state=seed).fit(X, y)
    assert model.inner_accuracy_ > 0.6
    assert np.allclose(model.predict_proba(X[:5]).sum(axis=1), 1)


def test_rare_classes_gain_from_balanced_weights():
    X, y = overlapping(2, n=800, d=3)
    kept = (y == 0) | (np.arange(800) % 10 == 0)
    X, y = X[kept], y[kept]
    plain, balanced = (LinearSVM(class_weight=w).fit(X, y) for w in (None, "balanced"))
    assert (balanced.predict(X) == 1).sum() > (plain.predict(X) == 1).sum()
