"""The dual problem of support vector machines, one machine a class, on a kernel matrix."""

import warnings
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import SVC

from strata._threads import in_threads

_ROWS = 256  # of a kernel matrix that are copied at a time

#: Steps that the solver may take: so many, or so many for each vector. Vectors of unit length need
#: about ten each; those of lengths in the thousands would keep it for hours.
STEPS, STEPS_OF_A_VECTOR = 300_000, 100


class Solution(NamedTuple):
    """Machines trained on some vectors.

    Attributes:
        coefficients: (vectors, machines) float64.
        intercepts: (machines,) float64.
        converged: whether the solver came to its end with all of them.
    """

    coefficients: np.ndarray
    intercepts: np.ndarray
    converged: bool


class Dual:
    """Training vectors as their kernel matrix; a solution has one coefficient for each of them.

    Args:
        gram: (n, n) floating.
        codes: (n,) int, the vectors' classes from 0.
        weights: (n,) float64, by which C is multiplied.

    Attributes:
        targets: (n, machines) of +1 for the machine's own class and -1 for the rest; two classes
            share the machine of the second.
    """

    def __init__(self, gram: np.ndarray, codes: np.ndarray, weights: np.ndarray) -> None:
        self.gram, self.codes, self.weights = gram, codes, weights
        classes = np.arange(codes.max() + 1)
        machines = classes[1:] if len(classes) == 2 else classes
        self.targets = np.where(codes[:, None] == machines, 1, -1)

    def solve(self, rows: np.ndarray, C: float) -> Solution:
        """The machines trained on `rows`, in as many steps as they may take."""
        gram = np.empty((len(rows), len(rows)))
        for start in range(0, len(rows), _ROWS):  # no second copy of it all in single precision
            some = rows[start : start + _ROWS]
            gram[start : start + _ROWS] = self.gram[np.ix_(some, rows)]
        targets, weights = self.targets[rows], self.weights[rows]
        steps = max(STEPS, STEPS_OF_A_VECTOR * len(rows))

        def machine(m: int) -> SVC:
            solver = SVC(kernel="precomputed", C=C, cache_size=1000, max_iter=steps)
            return solver.fit(gram, targets[:, m], sample_weight=weights)

        coefficients = np.zeros(targets.shape)
        intercepts = np.zeros(targets.shape[1])
        converged = True
        with warnings.catch_warnings():  # the caller says it once, not of each machine
            warnings.simplefilter("ignore", ConvergenceWarning)
            for m, solved in enumerate(in_threads(machine, range(targets.shape[1]))):
                converged &= solved.fit_status_ == 0
                coefficients[solved.support_, m] = solved.dual_coef_[0]
                intercepts[m] = solved.intercept_[0]
        return Solution(coefficients, intercepts, converged)

    def scores(
        self,
        rows: np.ndarray,
        solution: Solution,
        trained_on: np.ndarray | None = None,
    ) -> np.ndarray:
        """(len(rows), machines) float64, of machines trained on `rows` or on other ones."""
        trained_on = rows if trained_on is None else trained_on
        gram = self.gram[np.ix_(rows, trained_on)]
        return gram @ solution.coefficients.astype(gram.dtype) + solution.intercepts
