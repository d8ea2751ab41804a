"""Kernel SVM, one-vs-rest, on a kernel matrix that is computed once.

With few images and long vectors the kernel matrix costs far more than solving on it. So one
matrix serves every class, every C that is tried, and the inner folds that choose C and calibrate
the probabilities.
"""

import warnings
from collections.abc import Callable, Iterator
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Tags, compute_class_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from strata.errors import InputError, nearest
from strata.models.classifiers.decision_scores import per_class_columns
from strata.models.classifiers.gram_matrix import linear_kernel, rbf_kernel
from strata.models.classifiers.model_selection import (
    InnerCVResult,
    assign_inner_folds,
    candidate_costs,
    check_positive,
    select_C,
)
from strata.models.classifiers.svm_dual import SVMDual
from strata.models.classifiers.temperature_scaling import probabilities
from strata.parameter_types import NonNegativeInt, PositiveFloat

Kernel = Callable[[np.ndarray, np.ndarray], np.ndarray]

#: Training vectors above which no kernel matrix is made: it grows with their square, and this many
#: take 1.6 GB, 3.2 more in the double precision of the solver, and up to 1 of its cache for each
#: thread. `linear_svm.LinearSVM` does without a kernel matrix.
LARGEST_MATRIX = 20_000

#: Multiples of 1 / (d var(X)) that `gamma="cv"` chooses from.
GAMMA_GRID = (0.25, 1.0, 4.0)

_COLUMNS = 4096  # of the weights that are computed at a time

NOT_CONVERGED = (
    "The support vector machine was stopped before it had converged: scale the vectors to unit "
    "length or unit variance, or lower C."
)


class KernelSVM(ClassifierMixin, BaseEstimator):
    """One-vs-rest kernel SVM, hinge loss, with calibrated probabilities.

    Probabilities come from temperature scaling (Guo et al. 2017) of scores in the inner folds.

    Args:
        kernel: "linear"; "rbf"; a function `k(X, Y) -> (n, m)`; or "precomputed", where `fit`
            takes the kernel matrix (n, n) and the other methods take (m, n) against the training
            vectors.
        C: cost of errors; "cv" chooses it from 0.01, 0.1, 1, 10 and 100 by accuracy in the inner
            folds.
        gamma: of the kernel "rbf"; "scale" is 1 / (d var(X)), "cv" chooses 1/4, 1 or 4 times that
            by accuracy in the inner folds.
        class_weight: "balanced": C of a class is multiplied by n / (classes * vectors of the
            class); None: all classes have the same C.
        inner_folds: stratified folds of the training vectors that choose C and gamma ("cv") and
            calibrate the probabilities; fewer where the smallest class has fewer images. 0: no
            probabilities.
        random_state: seed of the inner folds.

    Attributes:
        classes_: sorted labels.
        C_: the C used.
        gamma_: the gamma used, with the kernel "rbf".
        temperature_: of the probabilities.
        inner_accuracy_: accuracy in the inner folds; None without inner folds.
        converged_: True if the solver converged for every class.
        training_accuracy_: accuracy on the training vectors.
        intercept_: (classifiers,) float64; one classifier per class, or a single one for two
            classes.
        coef_: (classifiers, d) float64, with the kernel "linear" only.
        dual_coef_: (classifiers, support) float64, with other kernels.
        support_: (support,) int64, numbers of the training vectors that any classifier uses.
        support_vectors_: (support, d), unless the kernel is "linear" or "precomputed".

    Examples:
        >>> import numpy as np
        >>> from strata.features import intersection
        >>> from strata.models import KernelSVM
        >>> X = np.random.default_rng(0).normal(size=(60, 2))
        >>> y = np.where((X**2).sum(axis=1) < 1.4, "inside", "outside")
        >>> KernelSVM("rbf").fit(X, y).score(X, y) > 0.9
        True
        >>> KernelSVM(intersection).fit(np.abs(X), y).predict_proba(np.abs(X)).shape
        (60, 2)
    """

    def __init__(
        self,
        kernel: Literal["linear", "rbf", "precomputed"] | Kernel = "linear",
        C: PositiveFloat | Literal["cv"] = 10.0,
        gamma: PositiveFloat | Literal["scale", "cv"] = "scale",
        class_weight: Literal["balanced"] | None = None,
        inner_folds: NonNegativeInt = 5,
        random_state: int = 0,
    ) -> None:
        self.kernel = kernel
        self.C = C
        self.gamma = gamma
        self.class_weight = class_weight
        self.inner_folds = inner_folds
        self.random_state = random_state

    def fit(self, X: np.ndarray, y: np.ndarray, groups: ArrayLike | None = None) -> Self:
        """Fit on (n, d) vectors, or an (n, n) kernel matrix, and n labels.

        Args:
            X: float32 or float64.
            y: labels of two classes or more.
            groups: (n,) int; vectors of one number are of copies of one image, which stay in one
                inner fold. None: no copies.

        Raises:
            InputError: no such kernel, C or gamma, or too few images of a class for C="cv".
            ValueError: one class only, or a kernel matrix that is not square.
        """
        X, y = validate_data(self, X, y, dtype=(np.float64, np.float32), order="C")
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"There is only one class, {self.classes_[0]}: nothing to tell apart.")
        candidate_costs(self.C)  # refuses a wrong C before any work
        weights = compute_class_weight(self.class_weight, classes=self.classes_, y=y)[codes]
        known = np.arange(len(X)) if groups is None else np.asarray(groups)
        fold_of = assign_inner_folds(codes, known, self.inner_folds, self.random_state)
        self._clear_fitted()
        problem, selected = self._best(self._problems(X, codes, weights), fold_of)
        self.C_, self.inner_accuracy_, self.temperature_ = selected
        everything = np.arange(len(X))
        solution = problem.solve(everything, self.C_)
        self.intercept_, self.converged_ = solution.intercepts, solution.converged
        if not self.converged_:
            warnings.warn(NOT_CONVERGED, ConvergenceWarning, stacklevel=2)
        scores = problem.scores(everything, solution)
        self.training_accuracy_ = float((per_class_columns(scores).argmax(axis=1) == codes).mean())
        self._store(X, solution.coefficients)
        return self

    def decision_function(self, X: np.ndarray) -> np.ndarray:
        """Scores (n, classes) float64, columns as in `classes_`; for two classes, as everywhere
        in scikit-learn, (n,): the score of the second.
        """
        scores = self._scores(X)
        return scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The class of the highest score of each row, (n,)."""
        scores = per_class_columns(self._scores(X))
        return self.classes_[scores.argmax(axis=1)]

    def _calibrated(self) -> bool:
        """True if there are, or `fit` may find, probabilities.

        Raises:
            AttributeError: neither, with the remedy.
        """
        fitted_without = hasattr(self, "inner_accuracy_") and self.inner_accuracy_ is None
        if self.inner_folds < 2 or fitted_without:
            raise AttributeError(
                "Without inner folds there are no probabilities: fit with inner_folds of 2 or "
                "more, on at least two images of each class."
            )
        return True

    @available_if(_calibrated)
    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Probabilities (n, classes) float64; there is no such method without inner folds."""
        return self.probabilities_of(self.decision_function(X))

    def probabilities_of(self, decisions: np.ndarray) -> np.ndarray:
        """Probabilities (n, classes) float64 of what `decision_function` returned."""
        return probabilities(per_class_columns(decisions), self.temperature_)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = self.kernel == "precomputed"
        return tags

    def _problems(
        self, X: np.ndarray, codes: np.ndarray, weights: np.ndarray
    ) -> Iterator[tuple[float | None, SVMDual]]:
        """Pairs of a gamma to try (None unless the kernel is "rbf") and the problem to solve."""
        if len(X) > LARGEST_MATRIX:
            raise InputError(
                f"A kernel matrix of {len(X)} images does not fit in memory.",
                'A linear SVM needs none: classifier.kernel = "linear", for histograms with '
                'reduction.use = "additive_map".',
            )
        if self.kernel == "precomputed":
            if X.shape[0] != X.shape[1]:
                raise ValueError(f"A training kernel matrix is square, not {X.shape}.")
            yield None, SVMDual(X, codes, weights)
        elif self.kernel == "rbf":
            for gamma in self._gammas(X):
                yield gamma, SVMDual(rbf_kernel(X, X, gamma), codes, weights)
        else:
            yield None, SVMDual(self._kernel_function()(X, X), codes, weights)

    def _gammas(self, X: np.ndarray) -> list[float]:
        """Values of gamma to try for the kernel "rbf"."""
        if not isinstance(self.gamma, str):
            return [check_positive("gamma", self.gamma)]
        scale = 1 / (X.shape[1] * float(X.var()) or 1.0)
        named = {"scale": [scale], "cv": [scale * times for times in GAMMA_GRID]}
        if self.gamma not in named:
            raise InputError(f"There is no gamma '{self.gamma}'.", nearest(self.gamma, named))
        return named[self.gamma]

    def _best(
        self, problems: Iterator[tuple[float | None, SVMDual]], fold_of: np.ndarray | None
    ) -> tuple[SVMDual, InnerCVResult]:
        """The problem and the inner cross-validation's result of the best gamma; sets `gamma_`."""
        best: tuple[SVMDual, InnerCVResult] | None = None
        for gamma, problem in problems:
            result = self._cross_validate(problem, fold_of)
            if best is None or (result.accuracy or 0) > (best[1].accuracy or 0):
                best = problem, result
                if gamma is not None:
                    self.gamma_ = gamma
        assert best
        return best

    def _cross_validate(self, problem: SVMDual, fold_of: np.ndarray | None) -> InnerCVResult:
        """C (chosen if "cv") and the temperature, from scores of held-out inner folds."""
        if fold_of is not None:
            return select_C(problem, candidate_costs(self.C), fold_of)
        if "cv" in ((self.C, self.gamma) if self.kernel == "rbf" else (self.C,)):
            raise InputError(
                '"cv" needs two or more inner folds and as many different images of each class.',
                "Give C and gamma a value.",
            )
        return InnerCVResult(candidate_costs(self.C)[0], None, 1.0)

    def _kernel_function(self) -> Kernel:
        if callable(self.kernel):
            return self.kernel
        if self.kernel == "linear":
            return linear_kernel
        if self.kernel == "rbf":
            return lambda X, Y: rbf_kernel(X, Y, self.gamma_)
        raise InputError(
            f"There is no kernel '{self.kernel}'.",
            nearest(str(self.kernel), ("linear", "rbf", "precomputed")),
        )

    def _clear_fitted(self) -> None:
        """Remove the fitted attributes of an earlier fit with another kernel."""
        for name in ("gamma_", "coef_", "dual_coef_", "support_vectors_"):
            if hasattr(self, name):
                delattr(self, name)

    def _store(self, X: np.ndarray, coefficients: np.ndarray) -> None:
        """Set the weights if the kernel is linear, else the support vectors."""
        self.support_ = np.flatnonzero(coefficients.any(axis=1))
        support = coefficients[self.support_]
        if self.kernel == "linear":
            self.coef_ = np.empty((support.shape[1], X.shape[1]))
            for start in range(0, X.shape[1], _COLUMNS):  # avoids a whole copy in double precision
                some = slice(start, start + _COLUMNS)
                self.coef_[:, some] = support.T @ X[self.support_, some].astype(np.float64)
            return
        self.dual_coef_ = support.T
        if self.kernel != "precomputed":
            self.support_vectors_ = X[self.support_]

    def _scores(self, X: np.ndarray) -> np.ndarray:
        """Decision values (n, classifiers) float64."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=(np.float64, np.float32), order="C", reset=False)
        if self.kernel == "linear":
            return X @ self.coef_.T.astype(X.dtype) + self.intercept_
        if self.kernel == "precomputed":
            K = X[:, self.support_]
        else:
            K = self._kernel_function()(X, self.support_vectors_.astype(X.dtype, copy=False))
        return K @ self.dual_coef_.T.astype(K.dtype) + self.intercept_
