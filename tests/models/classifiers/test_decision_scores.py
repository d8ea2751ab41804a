import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from strata.models.classifiers.decision_scores import (
    class_scores,
    per_class_columns,
    scores_and_probabilities,
)
from strata.models.classifiers.kernel_svm import KernelSVM


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("model", [KernelSVM(), LogisticRegression(), KNeighborsClassifier()])
def test_one_column_a_class_and_the_best_is_predicted(model, classes):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(90, 5)), np.arange(90) % classes
    X[np.arange(90), y] += 2
    model.fit(X, y)
    scores = class_scores(model, X)
    assert scores.shape == (90, classes)
    assert scores.dtype == np.float64
    np.testing.assert_array_equal(scores.argmax(axis=1), model.predict(X))


def test_one_column_stands_for_two_classes():
    for single in (np.array([2.0, -1.0]), np.array([[2.0], [-1.0]])):
        assert per_class_columns(single).tolist() == [[-2, 2], [1, -1]]


def test_scores_are_computed_once_and_give_the_probabilities():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 4)), np.arange(60) % 3
    X += 2 * np.eye(3, 4)[y]
    calls = []

    def kernel(A, B):
        calls.append(len(A))
        return A @ B.T

    model = KernelSVM(kernel).fit(X, y)
    calls.clear()
    scores, found = scores_and_probabilities(model, X[:7])
    assert calls == [7]
    assert np.array_equal(scores, model.decision_function(X[:7]))
    assert np.array_equal(found, model.predict_proba(X[:7]))
    assert scores_and_probabilities(KernelSVM(inner_folds=0).fit(X, y), X[:7])[1] is None
