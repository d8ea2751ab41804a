"""Multinomial logistic regression on vectors that are read block by block."""

from typing import Any, Literal

import numpy as np
from scipy.optimize import OptimizeResult, minimize
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression
from sklearn.utils import compute_class_weight

from strata.models.classifiers.dual_coordinate_descent import Blocks
from strata.parameter_types import PositiveFloat, PositiveInt


def fit_logistic(
    blocks: Blocks,
    y: np.ndarray,
    *,
    C: PositiveFloat = 1.0,
    class_weight: Literal["balanced"] | None = None,
    max_iter: PositiveInt = 1000,
    tol: PositiveFloat = 1e-4,
) -> LogisticRegression:
    """scikit-learn's multinomial logistic regression, with one block of vectors in memory.

    Minimized is the mean over the n vectors of weight * -log p(class), plus |coef|^2 / (2 C n), by
    L-BFGS (Liu and Nocedal 1989), each of whose steps is a pass over the blocks. The optimum is the
    one of `LogisticRegression.fit`.

    Args:
        blocks: the vectors; called once per step.
        y: (n,) labels of all of them, of two classes or more.
        C: inverse strength of the L2 penalty.
        class_weight: "balanced": a vector's loss counts n / (classes * vectors of its class);
            None: all count alike.
        max_iter: steps of L-BFGS, at most.
        tol: the search ends when no component of the gradient is larger.

    Returns:
        a fitted scikit-learn classifier.
    """
    classes, codes = np.unique(y, return_inverse=True)
    weights = compute_class_weight(class_weight, classes=classes, y=y)[codes]
    classifier = LogisticRegression(C=C, class_weight=class_weight, max_iter=max_iter, tol=tol)
    classifier.classes_ = classes
    classifier.n_features_in_ = next(blocks())[1].shape[1]
    # For two classes scikit-learn has one weight vector w, here there are w/2 and -w/2, whose
    # penalty is half as large.
    penalty = (2 if len(classes) == 2 else 1) / (C * weights.sum())
    found = _minimize(blocks, codes, weights / weights.sum(), penalty, classifier)
    coef, intercept = _split(found.x, len(classes))
    if len(classes) == 2:
        coef, intercept = coef[1:] - coef[:1], intercept[1:] - intercept[:1]
    classifier.coef_, classifier.intercept_ = coef, intercept
    classifier.n_iter_ = np.array([found.nit], np.int32)
    return classifier


def _minimize(
    blocks: Blocks,
    codes: np.ndarray,
    weights: np.ndarray,
    penalty: float,
    classifier: LogisticRegression,
) -> OptimizeResult:
    k, d = len(classifier.classes_), classifier.n_features_in_

    def loss_and_gradient(flat: np.ndarray) -> tuple[float, np.ndarray]:
        coef, intercept = _split(flat, k)
        loss = 0.5 * penalty * float((coef**2).sum())
        gradient = np.concatenate([penalty * coef.ravel(), np.zeros(k)])
        of_coef, of_intercept = _split(gradient, k)
        for rows, X in blocks():
            scores = (X @ coef.T.astype(X.dtype)).astype(np.float64) + intercept
            log_p = scores - logsumexp(scores, axis=1, keepdims=True)
            own = np.arange(len(rows)), codes[rows]
            loss -= float(weights[rows] @ log_p[own])
            residuals = np.exp(log_p)
            residuals[own] -= 1
            residuals *= weights[rows, None]
            of_coef += (residuals.T.astype(X.dtype) @ X).astype(np.float64)
            of_intercept += residuals.sum(axis=0)
        return loss, gradient

    options: dict[str, Any] = {"maxiter": classifier.max_iter, "gtol": classifier.tol, "maxls": 50}
    return minimize(
        loss_and_gradient, np.zeros(k * d + k), method="L-BFGS-B", jac=True, options=options
    )


def _split(flat: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Views of the weights (classes, d) and the intercepts (classes,)."""
    return flat[:-classes].reshape(classes, -1), flat[-classes:]
