import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import SVC

from strata.models.dual import Dual
from strata.models.inner_folds import choose


def test_the_chosen_cost_is_the_best_of_cross_validation():
    costs = (0.0001, 0.01, 1.0, 100.0)
    rng = np.random.default_rng(0)
    codes = np.arange(150) % 3
    X = rng.normal(size=(150, 20)) + np.eye(3, 20)[codes]
    folds = StratifiedKFold(3, shuffle=True, random_state=5)
    accuracies = [
        cross_val_score(OneVsRestClassifier(SVC(kernel="linear", C=C)), X, codes, cv=folds).mean()
        for C in costs
    ]
    best = int(np.argmax(accuracies))
    found = choose(Dual(X @ X.T, codes, np.ones(150)), costs, folds=3, seed=5)
    assert costs[best] == found.C
    assert found.accuracy == pytest.approx(accuracies[best])
    assert found.temperature > 0


def test_of_costs_that_do_alike_the_first_is_taken():
    codes = np.arange(20) % 2
    X = 10.0 * codes[:, None]
    found = choose(Dual(X @ X.T, codes, np.ones(20)), (10.0, 1.0, 100.0), folds=2, seed=0)
    assert (found.C, found.accuracy) == (10.0, 1.0)
