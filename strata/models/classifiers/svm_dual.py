"""Dual problem of one-vs-rest SVMs on a Gram matrix, solved by libsvm."""

import warnings
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import SVC

from strata._threads import in_threads

_ROWS = 256  # of a Gram matrix that are copied at a time

#: Steps that the solver may take: the larger of a fixed number and one per vector. Vectors of unit
#: length need about ten each; lengths in the thousands would keep it busy for hours.
MAX_STEPS, MAX_STEPS_PER_VECTOR = 300_000, 100


class DualSolution(NamedTuple):
    """One-vs-rest classifiers fitted on some of the vectors.

    Attributes:
        coefficients: (vectors, classifiers) float64.
        intercepts: (classifiers,) float64.
        converged: True if the solver converged for every classifier.
    """

    coefficients: np.ndarray
    intercepts: np.ndarray
    converged: bool


class SVMDual:
    """Training vectors as their Gram matrix, from which SVMs on any subset are fitted.

    Args:
        gram: (n, n) floating.
        codes: (n,) int class numbers from 0.
        weights: (n,) float64 factors of C.

    Attributes:
        targets: (n, classifiers) of +1 for the classifier's own class and -1 for the rest; two
            classes share one classifier, that of the second.
    """

    def __init__(self, gram: np.ndarray, codes: np.ndarray, weights: np.ndarray) -> None:
        self.gram, self.codes, self.weights = gram, codes, weights
        classes = np.arange(codes.max() + 1)
        positive = classes[1:] if len(classes) == 2 else classes
        self.targets = np.where(codes[:, None] == positive, 1, -1)

    def solve(self, rows: np.ndarray, C: float) -> DualSolution:
        """Fit the classifiers on `rows`, within the solver's limit of steps."""
        gram = np.empty((len(rows), len(rows)))
        for start in range(0, len(rows), _ROWS):  # avoids a second whole copy in single precision
            some = rows[start : start + _ROWS]
            gram[start : start + _ROWS] = self.gram[np.ix_(some, rows)]
        targets, weights = self.targets[rows], self.weights[rows]
        steps = max(MAX_STEPS, MAX_STEPS_PER_VECTOR * len(rows))

        def fit(number: int) -> SVC:
            solver = SVC(kernel="precomputed", C=C, cache_size=1000, max_iter=steps)
            return solver.fit(gram, targets[:, number], sample_weight=weights)

        coefficients = np.zeros(targets.shape)
        intercepts = np.zeros(targets.shape[1])
        converged = True
        with warnings.catch_warnings():  # the caller warns once, not once per classifier
            warnings.simplefilter("ignore", ConvergenceWarning)
            for number, solved in enumerate(in_threads(fit, range(targets.shape[1]))):
                converged &= solved.fit_status_ == 0
                coefficients[solved.support_, number] = solved.dual_coef_[0]
                intercepts[number] = solved.intercept_[0]
        return DualSolution(coefficients, intercepts, converged)

    def scores(
        self,
        rows: np.ndarray,
        solution: DualSolution,
        trained_on: np.ndarray | None = None,
    ) -> np.ndarray:
        """Decision values (len(rows), classifiers) float64.

        Args:
            rows: vectors to score.
            solution: as `solve` returned it.
            trained_on: rows that it was fitted on; None: `rows`.
        """
        trained_on = rows if trained_on is None else trained_on
        gram = self.gram[np.ix_(rows, trained_on)]
        return gram @ solution.coefficients.astype(gram.dtype) + solution.intercepts
