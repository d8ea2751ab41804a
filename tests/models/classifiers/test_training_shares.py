import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from strata.models.classifiers.decision_scores import per_class_columns
from strata.models.classifiers.kernel_svm import KernelSVM
from strata.models.classifiers.training_shares import (
    class_coefficients,
    neighbor_shares,
    support_terms,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
Y = np.digitize(X[:, 0], [-0.5, 0.5])


@pytest.mark.parametrize("labels", [Y, (Y > 0).astype(int)], ids=["three", "two"])
def test_support_terms_and_intercept_are_the_score(labels):
    svm = KernelSVM("rbf", C=1.0, inner_folds=0).fit(X, labels)
    for x in X[:3]:
        scores = per_class_columns(svm.decision_function(x[None]))[0]
        for column, expected in enumerate(scores):
            _, intercept = class_coefficients(svm, column)
            assert support_terms(svm, x, column).sum() + intercept == pytest.approx(expected)


@pytest.mark.parametrize("labels", [Y, (Y > 0).astype(int)], ids=["three", "two"])
def test_coefficients_are_those_of_the_class(labels):
    svm = KernelSVM(C=1.0, inner_folds=0).fit(X, labels)
    scores = per_class_columns(svm.decision_function(X))
    for column in range(scores.shape[1]):
        weights, intercept = class_coefficients(svm, column)
        np.testing.assert_allclose(X @ weights + intercept, scores[:, column])


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_shares_of_a_class_are_its_probability(weights):
    knn = KNeighborsClassifier(7, weights=weights, algorithm="brute").fit(X, Y + 10)
    for x in [*(X[:5] + 0.1), X[0]]:  # the last one at distance 0 from a training vector
        rows, columns, shares = neighbor_shares(knn, x)
        expected = knn.predict_proba(x[None])[0]
        np.testing.assert_allclose(np.bincount(columns, shares, 3), expected)
        np.testing.assert_array_equal(knn.classes_[columns], Y[rows] + 10)
        assert shares.sum() == pytest.approx(1)
