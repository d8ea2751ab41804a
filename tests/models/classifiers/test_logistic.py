"""Logistic regression that reads its vectors block by block."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from strata.models.classifiers.logistic import fit_logistic


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


def test_single_precision_is_enough():
    X, y = drawn(3)
    found = fit_logistic(in_blocks(X.astype(np.float32)), y)
    exact = fit_logistic(in_blocks(X), y)
    assert np.allclose(found.coef_, exact.coef_, atol=1e-2)
