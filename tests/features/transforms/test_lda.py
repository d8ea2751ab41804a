"""Linear discriminants."""

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline

from strata.errors import InputError
from strata.features.transforms.lda import LDA


def clouds(n, d, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    spread = np.eye(d) + 0.3 * rng.normal(size=(d, d))
    return rng.normal(size=(3, d))[y] * 2 + rng.normal(size=(n, d)) @ spread, y


def test_directions_agree_with_scikit_learn_on_many_images():
    X, y = clouds(3000, 6)
    ours = LDA().fit(X, y).transform(X)
    theirs = LinearDiscriminantAnalysis(solver="eigen").fit(X, y).transform(X)
    for j in range(2):
        assert abs(np.corrcoef(ours[:, j], theirs[:, j])[0, 1]) > 0.999


def test_within_class_variance_is_one_in_each_direction():
    X, y = clouds(3000, 6)
    Z = LDA().fit(X, y).transform(X)
    within = np.stack([Z[y == c] - Z[y == c].mean(axis=0) for c in range(3)]).reshape(-1, 2)
    assert np.allclose(within.T @ within / 3000, np.eye(2), atol=0.02)


@pytest.mark.parametrize("d", [6, 50])
def test_units_change_nothing(d):
    X, y = clouds(30, d)
    units = 10.0 ** np.random.default_rng(1).integers(-6, 7, d)
    a = LDA().fit(X, y).transform(X)
    b = LDA().fit(X * units + 3 * units, y).transform(X * units + 3 * units)
    assert a.shape == (30, 2)
    np.testing.assert_allclose(np.abs(a), np.abs(b), rtol=1e-5, atol=1e-5)


def test_wine_needs_no_standardizing():
    X, y = load_wine(return_X_y=True)
    method = make_pipeline(LDA(), NearestCentroid())
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    assert cross_val_score(method, X, y, cv=folds).mean() > 0.97


def test_few_images_are_enough_and_too_few_are_refused():
    X, y = clouds(4, 50)
    assert np.isfinite(LDA().fit(X, y).transform(X)).all()
    with pytest.raises(InputError, match="two images"):
        LDA().fit(X[:3], y[:3])
    with pytest.raises(InputError, match="are the same"):
        LDA().fit(np.ones_like(X), y)


@pytest.mark.parametrize("components", [0, -1])
def test_zero_components_are_refused(components):
    with pytest.raises(InputError, match=f"n_components is {components}"):
        LDA(components).fit(*clouds(30, 6))
