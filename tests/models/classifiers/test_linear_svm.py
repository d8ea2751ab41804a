"""The linear SVM that reads its vectors block by block."""

import weakref

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC

from strata import _threads
from strata.errors import InputError
from strata.models.classifiers import linear_svm
from strata.models.classifiers.linear_svm import LinearSVM, _is_exact_affordable


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


@pytest.fixture(params=["interior point", "coordinate descent"])
def solver(request, monkeypatch):
    """Either solver, whatever the size of the vectors."""
    if request.param == "coordinate descent":
        monkeypatch.setattr(linear_svm, "IN_MEMORY", 0)
    return request.param


@pytest.mark.usefixtures("solver")
@pytest.mark.parametrize("classes", [2, 3])
def test_it_finds_what_liblinear_finds(classes):
    X, y = overlapping(classes)
    ours = LinearSVM(C=2.0, tol=1e-5, max_iter=5000, validation_fraction=0).fit(X, y)
    assert ours.converged_
    theirs = LinearSVC(C=2.0, loss="hinge", tol=1e-7, max_iter=10**6, random_state=0).fit(X, y)
    assert np.allclose(ours.coef_, theirs.coef_, atol=2e-3)
    assert np.allclose(ours.intercept_, theirs.intercept_, atol=2e-3)
    assert np.allclose(ours.decision_function(X), theirs.decision_function(X), atol=5e-3)


def correlated(n=700, d=60, classes=4):
    """Overlapping classes whose vectors vary much more in some directions than in others."""
    rng = np.random.default_rng(0)
    y = rng.integers(classes, size=n)
    spread = rng.normal(size=(d, d)) * np.geomspace(1, 0.02, d)
    X = (rng.normal(size=(n, d)) + 0.3 * rng.normal(size=(classes, d))[y]) @ spread
    return (X - X.mean(axis=0)) / X.std(axis=0), y


def objective(model, X, y):
    targets = np.where(model.classes_[:, None] == y, 1, -1)
    margins = targets * (model.coef_ @ X.T + model.intercept_[:, None])
    norm = (model.coef_**2).sum() + (model.intercept_**2).sum()
    return norm / 2 + model.C_ * np.maximum(0, 1 - margins).sum()


@pytest.mark.parametrize("scale", [0.01, 1.0, 1000.0])
def test_the_default_is_exact_whatever_the_scale(scale):
    X, y = correlated()
    X *= scale
    ours = LinearSVM(validation_fraction=0).fit(X[:500].astype(np.float32), y[:500])
    assert ours.converged_
    assert ours.gap_ <= ours.tol
    best = LinearSVM(validation_fraction=0, tol=1e-6).fit(X[:500], y[:500])
    lowest, found = (objective(model, X[:500], y[:500]) for model in (best, ours))
    assert lowest <= found <= 1.01 * lowest
    agree = (best.predict(X[500:]) == ours.predict(X[500:])).mean()
    assert agree > 0.97


def test_columns_of_scales_beyond_double_precision_are_told_not_raised():
    X, y = correlated()
    X *= np.logspace(-8, 8, X.shape[1])
    with pytest.warns(ConvergenceWarning, match="before it had converged"):
        found = LinearSVM(validation_fraction=0).fit(X, y)
    assert not found.converged_
    assert np.isfinite(found.coef_).all()


def test_any_number_of_threads_gives_the_same_classifiers(monkeypatch):
    X, y = overlapping(classes=5)
    one = LinearSVM().fit(X, y)
    monkeypatch.setattr(_threads, "_allowed", 3)
    three = LinearSVM().fit(X, y)
    assert (one.coef_ == three.coef_).all()
    assert one.temperature_ == three.temperature_


def test_a_fit_that_stops_early_says_so(monkeypatch):
    X, y = correlated()
    monkeypatch.setattr(linear_svm, "IN_MEMORY", 0)
    with pytest.warns(ConvergenceWarning, match="before it had converged"):
        stopped = LinearSVM(max_iter=3).fit(X, y)
    assert not stopped.converged_
    assert stopped.gap_ > stopped.tol


def test_the_gap_bounds_the_distance_to_the_optimum(monkeypatch):
    X, y = correlated()
    best = objective(LinearSVM(validation_fraction=0, tol=1e-6).fit(X, y), X, y)
    monkeypatch.setattr(linear_svm, "IN_MEMORY", 0)
    with pytest.warns(ConvergenceWarning):
        stopped = LinearSVM(validation_fraction=0, max_iter=5).fit(X, y)
    found = objective(stopped, X, y)
    assert best < found <= best / (1 - min(stopped.gap_, 1 - 1e-9))


@pytest.mark.usefixtures("solver")
def test_blocks_that_cannot_be_learned_from_are_refused():
    X, y = overlapping()
    with pytest.raises(ValueError, match="one class"):
        LinearSVM().fit_blocks(in_pieces(X, 100), np.zeros(len(X)))
    X[3, 2] = np.nan
    with pytest.raises(InputError, match="NaN"):
        LinearSVM().fit_blocks(in_pieces(X, 100), y)


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


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_only_one_block_is_asked_for_at_a_time(monkeypatch):
    monkeypatch.setattr(linear_svm, "IN_MEMORY", 0)
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


@pytest.mark.parametrize(
    ("n", "d", "classifiers", "exact"),
    [
        (9_000, 256, 8, True),
        (60_000, 1_024, 100, False),  # more than an hour
        (200_000, 512, 2, False),  # 0.8 GB
        (1_000, 4_096, 2, False),
    ],
)
def test_the_exact_solution_is_left_where_it_costs_too_much(n, d, classifiers, exact):
    assert _is_exact_affordable(n, d, classifiers) is exact
