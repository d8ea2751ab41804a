"""Support vector machines on a kernel matrix that is computed once.

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
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from strata.errors import InputError, nearest
from strata.models.classifiers.decision_scores import columns
from strata.models.classifiers.gram_matrix import products, rbf
from strata.models.classifiers.model_selection import Choice, choose, inner_folds, positive, to_try
from strata.models.classifiers.svm_dual import Dual
from strata.models.classifiers.temperature_scaling import probabilities

Kernel = Callable[[np.ndarray, np.ndarray], np.ndarray]

#: Training vectors above which no kernel matrix is made: it grows with their square, and this many
#: take 1.6 GB, 3.2 more in the double precision of the solver, and up to 1 of its cache for each
#: thread. `strata.models.classifiers.linear_svm` does without.
LARGEST_MATRIX = 20_000

#: What `gamma="cv"` chooses from, as multiples of 1 / (d var(X)).
GAMMA_GRID = (0.25, 1.0, 4.0)

_COLUMNS = 4096  # of weights computed at a time

NOT_CONVERGED = (
    "The support vector machine was stopped before it had converged: scale the vectors to unit "
    "length or unit variance, or lower C."
)


class KernelSVM(ClassifierMixin, BaseEstimator):
    """One-vs-rest support vector machine, hinge loss, with calibrated probabilities.

    Args:
        kernel: "linear"; "rbf"; a function `k(X, Y) -> (n, m)`; or "precomputed", where `fit`
            takes the kernel matrix (n, n) and the other methods take (m, n) against the training
            vectors.
        C: cost of errors, or "cv" to choose it from `C_GRID` by accuracy
            in the inner folds.
        gamma: of "rbf"; "scale" is 1 / (d var(X)), "cv" chooses a multiple of it from `GAMMA_GRID`
            by accuracy in the inner folds.
        class_weight: None, "balanced", or a weight for each class; multiplies C.
        inner_folds: stratified folds of the training vectors that C="cv" and the probabilities
            are learned from; fewer where the smallest class has fewer pictures. 0 leaves
            probabilities out.
        random_state: of the inner folds.

    Attributes:
        classes_: sorted labels.
        C_: the cost used.
        gamma_: the gamma used, of "rbf".
        temperature_: of the probabilities.
        inner_accuracy_: accuracy in the inner folds, or None without.
        converged_: whether the solver came to its end with every machine.
        training_accuracy_: accuracy on the vectors it was fitted on.
        intercept_: (machines,) float64; one machine a class, or a single one for two classes.
        coef_: (machines, d) float64, linear only.
        dual_coef_: (machines, support) float64, otherwise.
        support_: (support,) int64, numbers of the training vectors that any machine uses.
        support_vectors_: (support, d), unless linear or precomputed.
    """

    def __init__(
        self,
        kernel: Literal["linear", "rbf", "precomputed"] | Kernel = "linear",
        C: float | Literal["cv"] = 10.0,
        gamma: float | Literal["scale", "cv"] = "scale",
        class_weight: dict | Literal["balanced"] | None = None,
        inner_folds: int = 5,
        random_state: int = 0,
    ) -> None:
        self.kernel = kernel
        self.C = C
        self.gamma = gamma
        self.class_weight = class_weight
        self.inner_folds = inner_folds
        self.random_state = random_state

    def fit(self, X: np.ndarray, y: np.ndarray, groups: ArrayLike | None = None) -> Self:
        """Learn from (n, d) vectors, or an (n, n) kernel matrix, and n labels.

        Args:
            groups: (n,) of each vector; those of one number are of copies of one picture, which
                stay in one inner fold. None: no copies.

        Raises:
            InputError: no such kernel, C or gamma, or too few images of a class for C="cv".
            ValueError: one class only, or a kernel matrix that is not square.
        """
        X, y = validate_data(self, X, y, dtype=(np.float64, np.float32), order="C")
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"There is only one class, {self.classes_[0]}: nothing to tell apart.")
        to_try(self.C)
        weights = compute_class_weight(self.class_weight, classes=self.classes_, y=y)[codes]
        known = np.arange(len(X)) if groups is None else np.asarray(groups)
        fold_of = inner_folds(codes, known, self.inner_folds, self.random_state)
        self._forget()
        problem, chosen = self._best(self._problems(X, codes, weights), fold_of)
        self.C_, self.inner_accuracy_, self.temperature_ = chosen
        everything = np.arange(len(X))
        solution = problem.solve(everything, self.C_)
        self.intercept_, self.converged_ = solution.intercepts, solution.converged
        if not self.converged_:
            warnings.warn(NOT_CONVERGED, ConvergenceWarning, stacklevel=2)
        scores = problem.scores(everything, solution)
        self.training_accuracy_ = float((columns(scores).argmax(axis=1) == codes).mean())
        self._keep(X, solution.coefficients)
        return self

    def decision_function(self, X: np.ndarray) -> np.ndarray:
        """Scores (n, classes) float64 in the order of `classes_`; for two classes, as everywhere
        in scikit-learn, (n,): the score of the second.
        """
        scores = self._scores(X)
        return scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The best-scored class of each row, (n,)."""
        scores = columns(self._scores(X))
        return self.classes_[scores.argmax(axis=1)]

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Probabilities (n, classes) float64.

        Raises:
            InputError: fitted without inner folds.
        """
        check_is_fitted(self)
        if self.inner_accuracy_ is None:
            raise InputError(
                "This machine was fitted without inner folds, so it has no probabilities.",
                "Fit it with inner_folds of 2 or more, on at least two images of each class.",
            )
        return self.probabilities_of(columns(self._scores(X)))

    def probabilities_of(self, scores: np.ndarray) -> np.ndarray:
        """Probabilities (n, classes) float64 of class scores (n, classes)."""
        return probabilities(scores, self.temperature_)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = self.kernel == "precomputed"
        return tags

    def _problems(
        self, X: np.ndarray, codes: np.ndarray, weights: np.ndarray
    ) -> Iterator[tuple[float | None, Dual]]:
        """Each gamma that is to be tried, or None, with the problem to solve."""
        if len(X) > LARGEST_MATRIX:
            raise InputError(
                f"A kernel matrix of {len(X)} images does not fit in memory.",
                'A linear machine needs none: classifier.kernel = "linear", for histograms with '
                'reduction.use = "additive_map".',
            )
        if self.kernel == "precomputed":
            if X.shape[0] != X.shape[1]:
                raise ValueError(f"A training kernel matrix is square, not {X.shape}.")
            yield None, Dual(X, codes, weights)
        elif self.kernel == "rbf":
            for gamma in self._gammas(X):
                yield gamma, Dual(rbf(X, X, gamma), codes, weights)
        else:
            yield None, Dual(self._kernel_function()(X, X), codes, weights)

    def _gammas(self, X: np.ndarray) -> list[float]:
        """What is to be tried for "rbf"."""
        if not isinstance(self.gamma, str):
            return [positive("gamma", self.gamma)]
        scale = 1 / (X.shape[1] * float(X.var()) or 1.0)
        named = {"scale": [scale], "cv": [scale * times for times in GAMMA_GRID]}
        if self.gamma not in named:
            raise InputError(f"There is no gamma '{self.gamma}'.", nearest(self.gamma, named))
        return named[self.gamma]

    def _best(
        self, problems: Iterator[tuple[float | None, Dual]], fold_of: np.ndarray | None
    ) -> tuple[Dual, Choice]:
        best: tuple[Dual, Choice] | None = None
        for gamma, problem in problems:
            chosen = self._chosen(problem, fold_of)
            if best is None or (chosen.accuracy or 0) > (best[1].accuracy or 0):
                best = problem, chosen
                if gamma is not None:
                    self.gamma_ = gamma
        assert best
        return best

    def _chosen(self, problem: Dual, fold_of: np.ndarray | None) -> Choice:
        """C, where asked to choose it, and the temperature, by scores of vectors not trained on."""
        if fold_of is not None:
            return choose(problem, to_try(self.C), fold_of)
        if "cv" in ((self.C, self.gamma) if self.kernel == "rbf" else (self.C,)):
            raise InputError(
                '"cv" needs two or more inner folds and as many different images of each class.',
                "Give C and gamma a value.",
            )
        return Choice(to_try(self.C)[0], None, 1.0)

    def _kernel_function(self) -> Kernel:
        if callable(self.kernel):
            return self.kernel
        if self.kernel == "linear":
            return products
        if self.kernel == "rbf":
            return lambda X, Y: rbf(X, Y, self.gamma_)
        raise InputError(
            f"There is no kernel '{self.kernel}'.",
            nearest(str(self.kernel), ("linear", "rbf", "precomputed")),
        )

    def _forget(self) -> None:
        """What another kernel left behind."""
        for name in ("gamma_", "coef_", "dual_coef_", "support_vectors_"):
            if hasattr(self, name):
                delattr(self, name)

    def _keep(self, X: np.ndarray, coefficients: np.ndarray) -> None:
        """Keep what prediction needs: weights where the kernel is linear, else support vectors."""
        self.support_ = np.flatnonzero(coefficients.any(axis=1))
        support = coefficients[self.support_]
        if self.kernel == "linear":
            self.coef_ = np.empty((support.shape[1], X.shape[1]))
            for start in range(0, X.shape[1], _COLUMNS):  # no copy of it all in double precision
                some = slice(start, start + _COLUMNS)
                self.coef_[:, some] = support.T @ X[self.support_, some].astype(np.float64)
            return
        self.dual_coef_ = support.T
        if self.kernel != "precomputed":
            self.support_vectors_ = X[self.support_]

    def _scores(self, X: np.ndarray) -> np.ndarray:
        """(n, machines) float64."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=(np.float64, np.float32), order="C", reset=False)
        if self.kernel == "linear":
            return X @ self.coef_.T.astype(X.dtype) + self.intercept_
        if self.kernel == "precomputed":
            K = X[:, self.support_]
        else:
            K = self._kernel_function()(X, self.support_vectors_.astype(X.dtype, copy=False))
        return K @ self.dual_coef_.T.astype(K.dtype) + self.intercept_
