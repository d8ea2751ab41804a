"""scikit-learn's own checks of every classifier of vectors, in every mode of its constructor."""

import pytest
from sklearn.utils.estimator_checks import check_estimator

from strata.models.classifiers.kernel_svm import KernelSVM
from strata.models.classifiers.linear_svm import LinearSVM
from strata.models.classifiers.logistic import CalibratedLogistic
from strata.models.classifiers.mlp import CalibratedMLP
from strata.models.classifiers.smoothed_knn import SmoothedKNN


def product_of(X, Y):
    """A kernel that is a function."""
    return X @ Y.T


MODES = [
    *(KernelSVM(kernel, inner_folds=2) for kernel in ("linear", "rbf", "precomputed", product_of)),
    KernelSVM(inner_folds=0),
    KernelSVM("rbf", gamma=0.5, inner_folds=0),
    KernelSVM("rbf", C="cv", gamma="cv", inner_folds=2),
    KernelSVM(class_weight="balanced", inner_folds=2),
    CalibratedLogistic(),
    CalibratedLogistic(inner_folds=0),
    CalibratedLogistic(class_weight="balanced", inner_folds=2),
    CalibratedMLP((4,), inner_folds=2, tol=0.1),
    CalibratedMLP((), alpha="cv", inner_folds=2, tol=0.1),
    LinearSVM(),
    LinearSVM(validation_fraction=0),
    LinearSVM(C="cv"),
    LinearSVM(class_weight="balanced"),
    SmoothedKNN(),
    SmoothedKNN(weights="distance"),
]


#: Gives (n, d) vectors to classifiers of kernel matrices too (scikit-learn 1.9).
NOT_FOR_MATRICES = {"check_decision_proba_consistency": "its vectors are no kernel matrix"}


@pytest.mark.parametrize("model", MODES, ids=lambda model: repr(model).split(" at 0x")[0])
def test_it_is_a_scikit_learn_classifier(model):
    pairwise = getattr(model, "kernel", "") == "precomputed"
    failing = NOT_FOR_MATRICES if pairwise else None
    check_estimator(model, on_skip=None, expected_failed_checks=failing)
