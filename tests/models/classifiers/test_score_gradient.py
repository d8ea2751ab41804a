"""Gradients of class scores, against central differences."""

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from strata.errors import InputError
from strata.models.classifiers.decision_scores import class_scores
from strata.models.classifiers.gram_matrix import linear_kernel
from strata.models.classifiers.kernel_svm import KernelSVM
from strata.models.classifiers.logistic import CalibratedLogistic
from strata.models.classifiers.score_gradient import score_gradient

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 3))
Y = {2: np.where(X[:, 0] > 0, "b", "a"), 3: np.array(list("abc"))[np.arange(40) % 3]}


@pytest.mark.parametrize("classes", Y)
@pytest.mark.parametrize(
    "classifier",
    [KernelSVM(inner_folds=0), KernelSVM("rbf", gamma=0.3, inner_folds=0), CalibratedLogistic()],
    ids=lambda c: f"{type(c).__name__}-{getattr(c, 'kernel', '')}",
)
def test_gradients_are_those_of_central_differences(classifier, classes):
    fitted = classifier.fit(X, Y[classes])
    some, columns, step = X[:6], np.arange(6) % classes, 1e-5
    found = score_gradient(fitted, some, columns)
    for j in range(3):
        d = np.zeros_like(some)
        d[:, j] = step
        change = (class_scores(fitted, some + d) - class_scores(fitted, some - d)) / (2 * step)
        expected = change[np.arange(6), columns]
        np.testing.assert_allclose(found[:, j], expected, rtol=1e-4, atol=1e-6)


def test_scores_without_a_gradient_say_so():
    columns = np.zeros(40, int)
    with pytest.raises(InputError, match="KNeighborsClassifier have no gradient"):
        score_gradient(KNeighborsClassifier().fit(X, Y[2]), X, columns)
    with pytest.raises(InputError, match="a linear_kernel kernel have no gradient"):
        score_gradient(KernelSVM(linear_kernel, inner_folds=0).fit(X, Y[2]), X, columns)
