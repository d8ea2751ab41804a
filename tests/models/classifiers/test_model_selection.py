import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import PredefinedSplit, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import SVC

from strata.models.classifiers.model_selection import assign_inner_folds, select_C
from strata.models.classifiers.svm_dual import SVMDual


def test_the_chosen_cost_is_the_best_of_cross_validation():
    costs = (0.0001, 0.01, 1.0, 100.0)
    rng = np.random.default_rng(0)
    codes = np.arange(150) % 3
    X = rng.normal(size=(150, 20)) + np.eye(3, 20)[codes]
    fold_of = rng.integers(0, 3, 150)
    folds = PredefinedSplit(fold_of)
    by_fold = [
        cross_val_score(OneVsRestClassifier(SVC(kernel="linear", C=C)), X, codes, cv=folds)
        for C in costs
    ]
    best = int(np.argmax([np.average(a, weights=np.bincount(fold_of)) for a in by_fold]))
    found = select_C(SVMDual(X @ X.T, codes, np.ones(150)), costs, fold_of)
    assert costs[best] == found.C
    sizes = np.bincount(fold_of)
    assert found.accuracy == pytest.approx(np.average(by_fold[best], weights=sizes))
    assert found.temperature > 0


def test_of_equally_good_C_the_first_is_taken():
    codes = np.arange(20) % 2
    X = 10.0 * codes[:, None]
    found = select_C(
        SVMDual(X @ X.T, codes, np.ones(20)), (10.0, 1.0, 100.0), np.arange(20) // 2 % 2
    )
    assert (found.C, found.accuracy) == (10.0, 1.0)


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 12)), min_size=1, max_size=60),
    st.integers(0, 6),
    st.integers(0, 9),
)
def test_inner_folds_keep_copies_together_and_know_every_class(pictures, most, seed):
    labels, groups = np.array(pictures).T
    codes = np.unique(labels, return_inverse=True)[1]
    different = [len(np.unique(groups[codes == c])) for c in range(codes.max() + 1)]
    fold_of = assign_inner_folds(codes, groups, most, seed)
    if min(most, *different) < 2:
        assert fold_of is None
        return
    assert fold_of.max() + 1 == min(most, *different)
    for code, group in set(zip(codes, groups, strict=True)):
        assert len(np.unique(fold_of[(codes == code) & (groups == group)])) == 1
    for fold in range(fold_of.max() + 1):
        assert set(codes[fold_of != fold]) == set(codes)
