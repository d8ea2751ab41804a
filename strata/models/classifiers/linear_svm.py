"""Linear SVM on vectors that are read block by block.

Fisher vectors of 100,000 images are 17 GB, their kernel matrix 40 GB: neither fits in memory. Here
only one block of vectors is in memory at a time, and every pass reads each block once.
"""

import warnings
from collections.abc import Iterator
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import compute_class_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from strata import seeds
from strata.errors import InputError
from strata.models.classifiers.decision_scores import per_class_columns
from strata.models.classifiers.dual_coordinate_descent import (
    BLOCK_SIZE,
    BlockDescent,
    LinearSolution,
    relative_gap,
)
from strata.models.classifiers.interior_point import LONGEST, InteriorPoint
from strata.models.classifiers.kernel_svm import NOT_CONVERGED
from strata.models.classifiers.model_selection import candidate_costs
from strata.models.classifiers.temperature_scaling import fit_temperature, probabilities
from strata.models.classifiers.vector_blocks import Blocks, finite, gathered, single_block
from strata.parameter_types import Fraction, PositiveFloat, PositiveInt

#: Bytes of vectors that are kept in memory where that gives the exact solution.
IN_MEMORY = 2**29
#: Products of one iteration, of all classifiers, up to which the exact solution is worth its time:
#: 30 classes of 6,000 vectors of 512 numbers have 5e10 and take a minute of one core.
EXACT_PRODUCTS = 5e10


class LinearSVM(ClassifierMixin, BaseEstimator):
    """One-vs-rest linear SVM, hinge loss, with calibrated probabilities.

    The intercept is the weight of a constant feature 1 and regularized with the others, as in
    liblinear. Probabilities come from temperature scaling (Guo et al. 2017).

    Vectors of up to 1,024 numbers, half a gigabyte at most, are solved by an interior point method,
    which converges whatever their scale and C; others by dual coordinate descent, which reads them
    block by block.

    Args:
        C: cost of errors; "cv" chooses it from 0.01, 0.1, 1, 10 and 100 by accuracy on the held-out
            vectors.
        class_weight: "balanced": C of a class is multiplied by n / (classes * vectors of the
            class); None: all classes have the same C.
        validation_fraction: share of the training vectors, drawn at random, that is held out to
            calibrate the probabilities (and choose C) with classifiers fitted on the others; 0:
            no probabilities.
        max_iter: passes of coordinate descent over the vectors, at most.
        tol: the fit ends when no classifier's duality gap is a larger share of its objective.
        random_state: seed of the held-out vectors and of the order of vectors within blocks.

    Attributes:
        classes_: sorted labels.
        C_: the C used.
        coef_, intercept_: (classifiers, d) and (classifiers,) float64; one classifier per class, or
            a single one for two classes.
        temperature_: of the probabilities.
        inner_accuracy_: accuracy on the held-out vectors; None if none are held out.
        training_accuracy_: accuracy on the training vectors.
        n_iter_: passes or iterations of the last fit.
        gap_: largest relative duality gap of the classifiers: how far their objectives are above
            the optimum, at most.
        converged_: True if `gap_` is at most `tol`.

    Examples:
        >>> import numpy as np
        >>> from strata.models import LinearSVM
        >>> X = np.random.default_rng(0).normal(size=(60, 4))
        >>> y = np.where(X[:, 0] > 0, "positive", "negative")
        >>> LinearSVM().fit(X, y).score(X, y) > 0.9
        True
    """

    def __init__(
        self,
        C: PositiveFloat | Literal["cv"] = 10.0,
        class_weight: Literal["balanced"] | None = None,
        validation_fraction: Fraction = 0.2,
        max_iter: PositiveInt = 50,
        tol: PositiveFloat = 0.01,
        random_state: int = 0,
    ) -> None:
        self.C = C
        self.class_weight = class_weight
        self.validation_fraction = validation_fraction
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state

    def fit(self, X: np.ndarray, y: np.ndarray, groups: ArrayLike | None = None) -> Self:
        """Fit on (n, d) vectors in memory and n labels; `groups` as in `fit_blocks`."""
        X, y = validate_data(self, X, y, dtype=(np.float64, np.float32))
        order = seeds.generator(self.random_state, "blocks").permutation(len(X))

        def blocks() -> Iterator[tuple[np.ndarray, np.ndarray]]:
            for start in range(0, len(X), BLOCK_SIZE):
                rows = order[start : start + BLOCK_SIZE]
                yield rows, X[rows]

        return self.fit_blocks(blocks, y, groups)

    def fit_blocks(self, blocks: Blocks, y: np.ndarray, groups: ArrayLike | None = None) -> Self:
        """Fit on vectors that come in blocks, and the labels (n,) of all of them.

        Args:
            blocks: should be shuffled: where each is of one class, far more passes are needed.
            y: labels by row number.
            groups: (n,) int; vectors of one number are of copies of one image, which are held out
                together. None: no copies.

        Raises:
            InputError: no valid C, or C="cv" with nothing held out.
            ValueError: one class only.
        """
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"There is only one class, {self.classes_[0]}: nothing to tell apart.")
        weights = compute_class_weight(self.class_weight, classes=self.classes_, y=y)[codes]
        positive = np.arange(len(self.classes_))[1 if len(self.classes_) == 2 else 0 :]
        targets = np.where(positive[:, None] == codes, 1.0, -1.0)
        blocks = finite(blocks)
        self.n_features_in_ = _width(blocks)
        solver: InteriorPoint | BlockDescent
        if _is_exact_affordable(len(y), self.n_features_in_, len(targets)):
            X = gathered(blocks, len(y))
            blocks, solver = single_block(X), InteriorPoint(X, targets, tol=self.tol)
        else:
            solver = BlockDescent(blocks, targets, max_iter=self.max_iter, tol=self.tol)
        held = self._held_out(codes, np.arange(len(y)) if groups is None else np.asarray(groups))
        start = self._calibrate(solver, blocks, codes, weights, held)
        solution = self._solve(solver, self.C_ * weights, start)
        self._look_back(blocks, codes, targets, self.C_ * weights, solution)
        if not self.converged_:
            warnings.warn(NOT_CONVERGED, ConvergenceWarning, stacklevel=2)
        return self

    def _look_back(
        self,
        blocks: Blocks,
        codes: np.ndarray,
        targets: np.ndarray,
        costs: np.ndarray,
        solution: LinearSolution | None,
    ) -> None:
        """Set the training accuracy and, for coordinate descent, the exact duality gap."""
        right, loss = 0, np.zeros(len(targets))
        for rows, X in blocks():
            scores = self.decision_function(X)
            right += int((per_class_columns(scores).argmax(axis=1) == codes[rows]).sum())
            margins = targets[:, rows] * scores.reshape(len(rows), -1).T
            loss += np.maximum(0, 1 - margins) @ costs[rows]
        self.training_accuracy_ = right / len(codes)
        if solution is not None:
            gaps = relative_gap(self.coef_, self.intercept_, loss, solution.alpha)
            self.gap_ = float(gaps.max())
        self.converged_ = self.gap_ <= self.tol

    def decision_function(self, X: np.ndarray) -> np.ndarray:
        """Scores (n, classes) float64; for two classes (n,), the score of the second."""
        check_is_fitted(self, "temperature_")
        X = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        scores = X @ self.coef_.T.astype(X.dtype) + self.intercept_
        return scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The class of the highest score of each row, (n,)."""
        scores = per_class_columns(self.decision_function(X))
        return self.classes_[scores.argmax(axis=1)]

    def _calibrated(self) -> bool:
        """True if there are, or `fit` may find, probabilities.

        Raises:
            AttributeError: neither, with the remedy.
        """
        fitted_without = hasattr(self, "inner_accuracy_") and self.inner_accuracy_ is None
        if not 0 < self.validation_fraction < 1 or fitted_without:
            raise AttributeError(
                "With nothing held out there are no probabilities: fit with a validation_fraction "
                "above 0, on more than one image of a class."
            )
        return True

    @available_if(_calibrated)
    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Probabilities (n, classes) float64; there is no such method with nothing held out."""
        return self.probabilities_of(self.decision_function(X))

    def probabilities_of(self, decisions: np.ndarray) -> np.ndarray:
        """Probabilities (n, classes) float64 of what `decision_function` returned."""
        return probabilities(per_class_columns(decisions), self.temperature_)

    def _calibrate(
        self,
        solver: InteriorPoint | BlockDescent,
        blocks: Blocks,
        codes: np.ndarray,
        weights: np.ndarray,
        held: np.ndarray,
    ) -> LinearSolution | None:
        """Choose C (if "cv") and the temperature on the held-out vectors.

        Returns:
            the solution for that C, a warm start for the fit on all vectors.
        """
        costs = candidate_costs(self.C)
        self.C_, self.inner_accuracy_, self.temperature_ = float(costs[0]), None, 1.0
        if not held.any():
            if self.C == "cv":
                raise InputError(
                    'C = "cv" needs vectors that are held out.', "Give C a value, or hold some out."
                )
            return None
        best = last = None
        for C in costs:
            last = self._solve(solver, np.where(held, 0.0, C * weights), last)
            parts = [
                (codes[rows[held[rows]]], self.decision_function(X[held[rows]]))
                for rows, X in blocks()
                if held[rows].any()
            ]
            truth = np.concatenate([labels for labels, _ in parts])
            scores = per_class_columns(np.concatenate([found for _, found in parts]))
            accuracy = float((scores.argmax(axis=1) == truth).mean())
            if self.inner_accuracy_ is None or accuracy > self.inner_accuracy_:
                self.C_, self.inner_accuracy_, best = C, accuracy, last
                self.temperature_ = fit_temperature(scores, truth)
        return best

    def _held_out(self, codes: np.ndarray, groups: np.ndarray) -> np.ndarray:
        """Mask (n,) of the held-out vectors; of every class one image at least is not held out.

        One image at least is held out, if any may be.
        """
        if not 0 < self.validation_fraction < 1:
            return np.zeros(len(codes), bool)
        images, of = np.unique(groups, return_inverse=True)
        rng = seeds.generator(self.random_state, "held out")
        held: np.ndarray = rng.random(len(images)) < self.validation_fraction
        firsts = np.unique(codes, return_index=True)[1]
        kept = np.bincount(codes, ~held[of])
        held[of[firsts[kept == 0]]] = False
        if not held.any():
            spare = np.setdiff1d(np.arange(len(images)), of[firsts])
            held[spare[:1]] = True
        return held[of]

    def _solve(
        self,
        solver: InteriorPoint | BlockDescent,
        costs: np.ndarray,
        start: LinearSolution | None,
    ) -> LinearSolution | None:
        """Fit for these costs; the solution is a warm start for others, of coordinate descent."""
        if isinstance(solver, InteriorPoint):
            self.coef_, self.intercept_, gaps, self.n_iter_ = solver.solve(costs)
            self.gap_ = float(gaps.max())
            return None
        found = solver.solve(costs, seeds.generator(self.random_state, "order"), start)
        self.coef_, self.intercept_, self.n_iter_ = found.coef, found.intercept, found.n_iter
        return found


def _is_exact_affordable(n: int, d: int, n_classifiers: int) -> bool:
    """True if the exact solution takes little memory and time for n vectors of length d."""
    return d <= LONGEST and 8 * n * d <= IN_MEMORY and n_classifiers * n * d * d <= EXACT_PRODUCTS


def _width(blocks: Blocks) -> int:
    """Length of the vectors."""
    return int(next(blocks())[1].shape[1])
