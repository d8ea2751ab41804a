import pickle

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import SVC

from strata.errors import InputError
from strata.models.classifiers import kernel_svm
from strata.models.classifiers.kernel_svm import KernelSVM
from strata.models.classifiers.model_selection import C_GRID


def data(n=240, d=300, classes=4, seed=0):
    X, y = make_classification(
        n, d, n_informative=12, n_classes=classes, n_clusters_per_class=1, random_state=seed,
        class_sep=0.8,
    )  # fmt: skip
    return X, np.array(["d", "a", "c", "b"])[y]


def gaussian(X, Y):
    return np.exp(-((X[:, None] - Y) ** 2).sum(axis=2) / X.shape[1])


@pytest.mark.parametrize(
    ("kernel", "peer"),
    [
        ("linear", SVC(kernel="linear", C=10)),
        ("rbf", SVC(kernel="rbf", C=10)),
        (gaussian, SVC(kernel=gaussian, C=10)),
    ],
)
def test_scores_are_those_of_one_classifier_per_class(kernel, peer):
    X, y = data()
    ours = KernelSVM(kernel, C=10, inner_folds=0).fit(X[:160], y[:160])
    theirs = OneVsRestClassifier(peer).fit(X[:160], y[:160])
    np.testing.assert_allclose(
        ours.decision_function(X[160:]), theirs.decision_function(X[160:]), atol=5e-3
    )
    assert ours.training_accuracy_ == (ours.predict(X[:160]) == y[:160]).mean()


def test_a_precomputed_matrix_gives_the_probabilities_of_its_kernel():
    X, y = data()
    by_vectors = KernelSVM("linear").fit(X[:160], y[:160])
    by_matrix = KernelSVM("precomputed").fit(X[:160] @ X[:160].T, y[:160])
    np.testing.assert_allclose(
        by_matrix.predict_proba(X[160:] @ X[:160].T), by_vectors.predict_proba(X[160:]), rtol=1e-6
    )


def test_single_precision_scores_are_those_of_double():
    X, y = data()
    scores = [KernelSVM("linear").fit(Z, y).decision_function(Z)
              for Z in (X, X.astype(np.float32))]  # fmt: skip
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-2)


def test_probabilities_sum_to_one_agree_and_are_worth_something():
    X, y = data(n=600, d=40)
    model = KernelSVM("rbf").fit(X[:400], y[:400])
    p = model.predict_proba(X[400:])
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_array_equal(model.classes_[p.argmax(axis=1)], model.predict(X[400:]))
    priors = np.tile([(y[:400] == c).mean() for c in model.classes_], (200, 1))
    assert log_loss(y[400:], p) < 0.6 * log_loss(y[400:], priors)


def test_the_inner_folds_score_held_out_vectors_only():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200, 400)), rng.integers(2, size=200)  # noise, separable in training
    model = KernelSVM("linear").fit(X, y)
    assert model.training_accuracy_ == 1
    assert 0.3 < model.inner_accuracy_ < 0.7
    assert model.predict_proba(X).max() < 0.99  # so it does not claim to be sure


def test_C_is_chosen_by_inner_cross_validation():
    X, y = data()
    model = KernelSVM("rbf", C="cv").fit(X, y)
    assert model.C_ in C_GRID
    best = max(KernelSVM("rbf", C=C).fit(X, y).inner_accuracy_ for C in C_GRID)
    assert model.inner_accuracy_ == best


def test_a_kernel_matrix_that_would_not_fit_is_refused(monkeypatch):
    X, y = data(d=20)
    monkeypatch.setattr(kernel_svm, "LARGEST_MATRIX", 100)
    with pytest.raises(InputError, match="does not fit"):
        KernelSVM("linear").fit(X, y)


def test_balanced_weights_raise_the_recall_of_a_rare_class():
    rng = np.random.default_rng(0)
    y = (rng.random(400) < 0.06).astype(int)
    X = rng.normal(size=(400, 5)) + y[:, None]
    recalls = [
        (KernelSVM("linear", class_weight=weight).fit(X, y).predict(X)[y == 1] == 1).mean()
        for weight in (None, "balanced")
    ]
    assert recalls[1] > recalls[0] + 0.3


def test_a_class_of_one_vector_gives_predictions_without_probabilities():
    X, y = data(n=30)
    y[:] = "a"
    y[:12] = "b"
    y[0] = "c"
    model = KernelSVM().fit(X, y)
    assert model.predict(X[:1]) == "c"
    assert not hasattr(model, "predict_proba")
    for asked in ({"C": "cv"}, {"kernel": "rbf", "gamma": "cv"}):
        with pytest.raises(InputError, match="inner folds"):
            KernelSVM(**asked).fit(X, y)
    assert (
        KernelSVM("linear", gamma="cv").fit(X, y).predict(X[:1]) == "c"
    )  # gamma says nothing there


def test_wrong_arguments_are_explained():
    X, y = data(n=30)
    with pytest.raises(ValueError, match="one class"):
        KernelSVM().fit(X, np.full(30, "a"))
    with pytest.raises(InputError, match="'linear'"):
        KernelSVM("liner").fit(X, y)
    with pytest.raises(InputError, match="'scale'"):
        KernelSVM("rbf", gamma="scaled").fit(X, y)
    for wrong in ({"C": 0.0}, {"C": "cvs"}, {"C": np.nan}, {"gamma": -1.0}, {"gamma": 0}):
        with pytest.raises(InputError, match=rf"^{next(iter(wrong))} = "):
            KernelSVM("rbf", **wrong).fit(X, y)


def test_a_second_fit_leaves_nothing_of_the_first():
    X, y = data(n=60)
    again = KernelSVM("rbf").fit(X, y)
    for kernel in ("linear", "precomputed", gaussian, "rbf", "linear"):
        again.set_params(kernel=kernel).fit(X @ X.T, y)
        assert vars(again).keys() == vars(KernelSVM(kernel).fit(X @ X.T, y)).keys()


def test_it_pickles_and_repeats_bit_for_bit():
    X, y = data()
    first, second = (KernelSVM("rbf").fit(X, y).predict_proba(X) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    again = pickle.loads(pickle.dumps(KernelSVM("rbf").fit(X, y))).predict_proba(X)
    np.testing.assert_array_equal(first, again)


def test_precomputed_matrices_are_cut_both_ways_in_cross_validation():
    X, y = data()
    by_matrix = cross_val_score(KernelSVM("precomputed", inner_folds=0), X @ X.T, y, cv=3)
    by_vectors = cross_val_score(KernelSVM("linear", inner_folds=0), X, y, cv=3)
    np.testing.assert_allclose(by_matrix, by_vectors)


def test_a_solver_that_did_not_converge_warns(monkeypatch):
    X, y = data(90, 20)
    assert KernelSVM(inner_folds=0).fit(X, y).converged_
    monkeypatch.setattr("strata.models.classifiers.svm_dual.MAX_STEPS", 500)
    monkeypatch.setattr("strata.models.classifiers.svm_dual.MAX_STEPS_PER_VECTOR", 0)
    with pytest.warns(ConvergenceWarning, match="unit length"):
        stopped = KernelSVM(inner_folds=0).fit(X * 1000, y)
    assert not stopped.converged_
