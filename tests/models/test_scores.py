import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from strata.models.scores import class_scores
from strata.models.svm import SVM


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("model", [SVM(), LogisticRegression(), KNeighborsClassifier()])
def test_one_column_a_class_and_the_best_is_predicted(model, classes):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(90, 5)), np.arange(90) % classes
    X[np.arange(90), y] += 2
    model.fit(X, y)
    scores = class_scores(model, X)
    assert scores.shape == (90, classes)
    assert scores.dtype == np.float64
    np.testing.assert_array_equal(scores.argmax(axis=1), model.predict(X))
