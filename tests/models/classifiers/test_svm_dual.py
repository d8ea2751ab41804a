import numpy as np
import pytest

from strata.models.classifiers.svm_dual import SVMDual


def problem(classes, n=90):
    rng = np.random.default_rng(0)
    codes = np.arange(n) % classes
    X = rng.normal(size=(n, 6)) + np.eye(classes, 6)[codes]
    return SVMDual(X @ X.T, codes, 0.5 + codes)


@pytest.mark.parametrize("classes", [2, 3])
def test_a_solution_fulfills_the_kkt_conditions(classes):
    dual, C = problem(classes), 0.7
    rows = np.arange(10, 80)
    solution = dual.solve(rows, C)
    coefficients = solution.coefficients
    assert coefficients.shape == (70, 1 if classes == 2 else classes)
    np.testing.assert_allclose(coefficients.sum(axis=0), 0, atol=1e-9)
    alphas = coefficients * dual.targets[rows]
    largest = C * dual.weights[rows, None]
    assert (alphas >= 0).all()
    assert (alphas <= largest + 1e-9).all()
    margins = dual.scores(rows, solution) * dual.targets[rows]
    assert solution.converged
    free = (alphas > 1e-6) & (alphas < largest - 1e-6)
    assert free.any()
    np.testing.assert_allclose(margins[free], 1, atol=2e-3)
    assert (margins[alphas == 0] >= 1 - 2e-3).all()
    assert (margins[alphas >= largest - 1e-6] <= 1 + 2e-3).all()


def test_scores_of_held_out_vectors_use_the_training_vectors():
    dual = problem(3)
    train, others = np.arange(60), np.arange(60, 90)
    solution = dual.solve(train, 1.0)
    found = dual.scores(others, solution, trained_on=train)
    expected = dual.gram[60:, :60] @ solution.coefficients + solution.intercepts
    np.testing.assert_allclose(found, expected)


def test_the_solver_stops_at_its_last_step(monkeypatch):
    long = problem(3)
    long.gram = long.gram * 1e6  # vectors a thousand times as long
    monkeypatch.setattr("strata.models.classifiers.svm_dual.MAX_STEPS", 1000)
    monkeypatch.setattr("strata.models.classifiers.svm_dual.MAX_STEPS_PER_VECTOR", 0)
    solution = long.solve(np.arange(90), 10.0)
    assert not solution.converged
    assert np.isfinite(solution.coefficients).all()
