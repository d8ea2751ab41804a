"""Linear support vector machines on vectors that are read block by block.

Fisher vectors of 100,000 images are 17 GB, their kernel matrix 40 GB: neither fits in memory. Here
only one block of vectors is there at a time, and every pass reads each block once.
"""

from collections.abc import Iterator
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from strata import seeds
from strata.errors import InputError
from strata.models.classifiers.decision_scores import columns
from strata.models.classifiers.dual_coordinate_descent import BLOCK, BlockDescent, Blocks, Machines
from strata.models.classifiers.model_selection import to_try
from strata.models.classifiers.temperature_scaling import fit_temperature, probabilities


class LinearSVM(ClassifierMixin, BaseEstimator):
    """One-vs-rest linear machine, hinge loss, with calibrated probabilities.

    The intercept is the weight of a constant 1 and regularized with the others, as in liblinear.

    Args:
        C: cost of errors, or "cv" to choose it by accuracy on the held-out vectors.
        class_weight: None, "balanced", or a weight for each class; multiplies C.
        validation_fraction: share of the training vectors, at random, that probabilities (and C) are learned
            from by a machine fitted on the others; 0 (or all) leaves probabilities out.
        max_iter: over the vectors, at most.
        tol: a pass in which no dual variable's projected gradient is larger ends the fit.
        random_state: of the order of vectors within blocks and of the held-out part.

    Attributes:
        classes_: sorted labels.
        C_: the cost used.
        coef_, intercept_: (machines, d) and (machines,) float64; one machine a class, or a single
            one for two classes.
        temperature_: of the probabilities.
        inner_accuracy_: accuracy on the held-out vectors, or None without.
        training_accuracy_: accuracy on the vectors it was fitted on.
        n_iter_: that the last fit took.
    """

    def __init__(
        self,
        C: float | Literal["cv"] = 10.0,
        class_weight: dict | Literal["balanced"] | None = None,
        validation_fraction: float = 0.2,
        max_iter: int = 20,
        tol: float = 0.1,
        random_state: int = 0,
    ) -> None:
        self.C = C
        self.class_weight = class_weight
        self.validation_fraction = validation_fraction
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state

    def fit(self, X: np.ndarray, y: np.ndarray, groups: ArrayLike | None = None) -> Self:
        """Learn from (n, d) vectors in memory and n labels; groups as of `fit_blocks`."""
        X, y = validate_data(self, X, y, dtype=(np.float64, np.float32))
        order = seeds.generator(self.random_state, "blocks").permutation(len(X))

        def blocks() -> Iterator[tuple[np.ndarray, np.ndarray]]:
            for start in range(0, len(X), BLOCK):
                numbers = order[start : start + BLOCK]
                yield numbers, X[numbers]

        return self.fit_blocks(blocks, y, groups)

    def fit_blocks(self, blocks: Blocks, y: np.ndarray, groups: ArrayLike | None = None) -> Self:
        """Learn from vectors that come in blocks, and the labels (n,) of all of them.

        Args:
            blocks: should be mixed: where each is of one class, far more passes are needed.
            groups: (n,) of each vector; those of one number are of copies of one picture, which
                are held out together. None: no copies.

        Raises:
            InputError: no such C, or it is to be chosen, but nothing is held out.
            ValueError: one class only.
        """
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"There is only one class, {self.classes_[0]}: nothing to tell apart.")
        weights = compute_class_weight(self.class_weight, classes=self.classes_, y=y)[codes]
        machines = np.arange(len(self.classes_))[1 if len(self.classes_) == 2 else 0 :]
        targets = np.where(machines[:, None] == codes, 1.0, -1.0)
        descent = BlockDescent(blocks, targets, passes=self.max_iter, tolerance=self.tol)
        held = self._held_out(codes, np.arange(len(y)) if groups is None else np.asarray(groups))
        start = self._calibrate(descent, blocks, codes, weights, held)
        self._learn(descent, self.C_ * weights, start)
        right = [self.predict(X) == y[numbers] for numbers, X in blocks()]
        self.training_accuracy_ = float(np.concatenate(right).mean())
        return self

    def decision_function(self, X: np.ndarray) -> np.ndarray:
        """Scores (n, classes) float64; for two classes (n,), the score of the second."""
        check_is_fitted(self, "temperature_")
        X = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        scores = X @ self.coef_.T.astype(X.dtype) + self.intercept_
        return scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The best-scored class of each row, (n,)."""
        scores = columns(self.decision_function(X))
        return self.classes_[scores.argmax(axis=1)]

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Probabilities (n, classes) float64; not calibrated without held-out vectors."""
        return self.probabilities_of(columns(self.decision_function(X)))

    def probabilities_of(self, scores: np.ndarray) -> np.ndarray:
        """Probabilities (n, classes) float64 of class scores (n, classes)."""
        return probabilities(scores, self.temperature_)

    def _calibrate(
        self,
        descent: BlockDescent,
        blocks: Blocks,
        codes: np.ndarray,
        weights: np.ndarray,
        held: np.ndarray,
    ) -> Machines | None:
        """Choose C where asked to, and the temperature, on vectors not trained on.

        Returns:
            the machines of that C, to go on from with all vectors.
        """
        tried = to_try(self.C)
        self.C_, self.inner_accuracy_, self.temperature_ = float(tried[0]), None, 1.0
        if not held.any():
            if self.C == "cv":
                raise InputError(
                    'C = "cv" needs vectors that are held out.', "Give C a value, or hold some out."
                )
            return None
        best = last = None
        for C in tried:
            last = self._learn(descent, np.where(held, 0.0, C * weights), last)
            parts = [
                (codes[numbers[held[numbers]]], self.decision_function(X[held[numbers]]))
                for numbers, X in blocks()
                if held[numbers].any()
            ]
            truth = np.concatenate([labels for labels, _ in parts])
            scores = columns(np.concatenate([found for _, found in parts]))
            accuracy = float((scores.argmax(axis=1) == truth).mean())
            if self.inner_accuracy_ is None or accuracy > self.inner_accuracy_:
                self.C_, self.inner_accuracy_, best = C, accuracy, last
                self.temperature_ = fit_temperature(scores, truth)
        return best

    def _held_out(self, codes: np.ndarray, groups: np.ndarray) -> np.ndarray:
        """Which vectors (n,) are held out; of every class one picture at least is not."""
        if not 0 < self.validation_fraction < 1:
            return np.zeros(len(codes), bool)
        pictures, of = np.unique(groups, return_inverse=True)
        chance = seeds.generator(self.random_state, "held out")
        held: np.ndarray = chance.random(len(pictures)) < self.validation_fraction
        firsts = np.unique(codes, return_index=True)[1]
        kept = np.bincount(codes, ~held[of])
        held[of[firsts[kept == 0]]] = False
        return held[of]

    def _learn(self, descent: BlockDescent, costs: np.ndarray, start: Machines | None) -> Machines:
        found = descent.solve(costs, seeds.generator(self.random_state, "order"), start)
        self.coef_, self.intercept_, self.n_iter_ = found.coef, found.intercept, found.passes
        self.n_features_in_ = found.coef.shape[1]
        return found
