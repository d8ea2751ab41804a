"""Logistic regression on vectors that are read block by block."""

from typing import Any, Literal

import numpy as np
from scipy.optimize import OptimizeResult, minimize
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression
from sklearn.utils import compute_class_weight

from strata.models.classifiers.dual_coordinate_descent import Blocks


def fit_logistic(
    blocks: Blocks,
    y: np.ndarray,
    *,
    C: float = 1.0,
    class_weight: dict | Literal["balanced"] | None = None,
    iterations: int = 1000,
    tolerance: float = 1e-4,
) -> LogisticRegression:
    """scikit-learn's multinomial logistic regression, with one block of vectors in memory.

    Minimized is the mean over the n vectors of weight x -log p(class), plus |coef|^2 / (2 C n), by
    L-BFGS (Liu and Nocedal 1989), each of whose steps is a pass over the blocks. The optimum is the
    one of `LogisticRegression.fit`.

    Args:
        blocks: the vectors.
        y: (n,) labels of all of them, of two classes or more.
        C: inverse strength of the penalty.
        class_weight: None, "balanced", or a weight for each class.
        iterations: of L-BFGS, at most.
        tolerance: the largest component of the gradient at the end.

    Returns:
        the fitted machine.
    """
    classes, codes = np.unique(y, return_inverse=True)
    weights = compute_class_weight(class_weight, classes=classes, y=y)[codes]
    machine = LogisticRegression(C=C, class_weight=class_weight, max_iter=iterations, tol=tolerance)
    machine.classes_ = classes
    machine.n_features_in_ = next(blocks())[1].shape[1]
    # Two classes have one vector of weights w there, and here two, w/2 and -w/2: half the penalty.
    penalty = (2 if len(classes) == 2 else 1) / (C * weights.sum())
    found = _minimized(blocks, codes, weights / weights.sum(), penalty, machine)
    coef, intercept = _parts(found.x, len(classes))
    if len(classes) == 2:
        coef, intercept = coef[1:] - coef[:1], intercept[1:] - intercept[:1]
    machine.coef_, machine.intercept_ = coef, intercept
    machine.n_iter_ = np.array([found.nit], np.int32)
    return machine


def _minimized(
    blocks: Blocks,
    codes: np.ndarray,
    weights: np.ndarray,
    penalty: float,
    machine: LogisticRegression,
) -> OptimizeResult:
    k, d = len(machine.classes_), machine.n_features_in_

    def loss_and_gradient(flat: np.ndarray) -> tuple[float, np.ndarray]:
        coef, intercept = _parts(flat, k)
        loss = 0.5 * penalty * float((coef**2).sum())
        gradient = np.concatenate([penalty * coef.ravel(), np.zeros(k)])
        of_coef, of_intercept = _parts(gradient, k)
        for numbers, X in blocks():
            scores = (X @ coef.T.astype(X.dtype)).astype(np.float64) + intercept
            log_p = scores - logsumexp(scores, axis=1, keepdims=True)
            own = np.arange(len(numbers)), codes[numbers]
            loss -= float(weights[numbers] @ log_p[own])
            residuals = np.exp(log_p)
            residuals[own] -= 1
            residuals *= weights[numbers, None]
            of_coef += (residuals.T.astype(X.dtype) @ X).astype(np.float64)
            of_intercept += residuals.sum(axis=0)
        return loss, gradient

    options: dict[str, Any] = {"maxiter": machine.max_iter, "gtol": machine.tol, "maxls": 50}
    return minimize(
        loss_and_gradient, np.zeros(k * d + k), method="L-BFGS-B", jac=True, options=options
    )


def _parts(flat: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Views of the weights (classes, d) and the intercepts (classes,)."""
    return flat[:-classes].reshape(classes, -1), flat[-classes:]
