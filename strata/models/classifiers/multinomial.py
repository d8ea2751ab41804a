"""Multinomial logistic regression by L-BFGS on vectors that are read block by block."""

from typing import Any, Literal

import numpy as np
from scipy.optimize import OptimizeResult, minimize
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression
from sklearn.utils import compute_class_weight

from strata.errors import InputError
from strata.models.classifiers.vector_blocks import Blocks, finite
from strata.parameter_types import PositiveFloat, PositiveInt


def fit_logistic(
    blocks: Blocks,
    y: np.ndarray,
    *,
    C: PositiveFloat = 1.0,
    class_weight: Literal["balanced"] | None = None,
    max_iter: PositiveInt = 1000,
    tol: PositiveFloat = 1e-4,
    used: np.ndarray | None = None,
    start: LogisticRegression | None = None,
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
        tol: the search ends when no component of the gradient is larger; of vectors whose
            components deviate from their mean by less than 1, this many times their root mean
            square deviation. With unit vectors of a thousand numbers, whose gradients are small
            everywhere, the search would end far from the optimum of a large C otherwise.
        used: (n,) bool; the others are left out. They must not be all of a class. None: all.
        start: result of a fit on other vectors of the same classes, where the search begins.

    Returns:
        a fitted scikit-learn classifier, with one more attribute: `converged_`, True if `tol` ended
        the search, or nothing more was to be gained in double precision.

    Raises:
        InputError: a value is NaN or infinite, or C is not above 0.
        ValueError: one class only.
    """
    if not 0 < C < np.inf:
        raise InputError(f"C = {C!r}: it is a positive number.")
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"There is only one class, {classes[0]}: nothing to tell apart.")
    blocks = finite(blocks)
    rows = np.ones(len(codes), bool) if used is None else np.asarray(used, bool)
    balanced = compute_class_weight(class_weight, classes=classes, y=np.asarray(y)[rows])
    weights = balanced[codes] * rows
    classifier = LogisticRegression(C=C, class_weight=class_weight, max_iter=max_iter, tol=tol)
    classifier.classes_ = classes
    classifier.n_features_in_ = next(blocks())[1].shape[1]
    # For two classes scikit-learn has one weight vector w, here there are w/2 and -w/2, whose
    # penalty is half as large.
    penalty = (2 if len(classes) == 2 else 1) / (C * weights.sum())
    weights = weights / weights.sum()
    center = sum(weights[of] @ X for of, X in blocks()).astype(np.float32)
    shifted = _shifted(blocks, center)
    found = _minimize(
        shifted,
        codes,
        weights,
        penalty,
        classifier,
        _start(classifier, start, center),
        gtol := tol * min(1.0, _deviation(shifted, weights)),
    )
    coef, intercept = _split(found.x, len(classes))
    intercept = intercept - coef @ center.astype(np.float64)
    if len(classes) == 2:
        coef, intercept = coef[1:] - coef[:1], intercept[1:] - intercept[:1]
    classifier.coef_, classifier.intercept_ = coef, intercept
    classifier.n_iter_ = np.array([found.nit], np.int32)
    # L-BFGS reports an abnormal end (2) where no step lowers the loss in double precision any more.
    classifier.converged_ = bool(found.success or np.abs(found.jac).max() <= 10 * gtol)
    return classifier


def _shifted(blocks: Blocks, center: np.ndarray) -> Blocks:
    """The blocks less (d,) float32: far from the origin, L-BFGS ends before it has begun.

    The optimum is the same, since the intercepts are not penalized.
    """
    return lambda: ((rows, X - center.astype(X.dtype)) for rows, X in blocks())


def _deviation(centered: Blocks, weights: np.ndarray) -> float:
    """Root mean square of the components of centered vectors, by their weights."""
    squares = (float(weights[of] @ np.square(X).mean(axis=1)) for of, X in centered())
    return float(np.sqrt(sum(squares)))


def _start(
    classifier: LogisticRegression, given: LogisticRegression | None, center: np.ndarray
) -> np.ndarray:
    """Flat weights and intercepts, of vectors less `center`, where the search begins."""
    k, d = len(classifier.classes_), classifier.n_features_in_
    if given is None:
        return np.zeros(k * d + k)
    coef, intercept = given.coef_, given.intercept_ + given.coef_ @ center.astype(np.float64)
    if k == 2:
        coef, intercept = (
            np.concatenate([-coef, coef]) / 2,
            np.concatenate([-intercept, intercept]) / 2,
        )
    return np.concatenate([coef.ravel(), intercept])


def _minimize(
    blocks: Blocks,
    codes: np.ndarray,
    weights: np.ndarray,
    penalty: float,
    classifier: LogisticRegression,
    start: np.ndarray,
    gtol: float,
) -> OptimizeResult:
    k = len(classifier.classes_)

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

    options: dict[str, Any] = {
        "maxiter": classifier.max_iter,
        "maxfun": 20 * classifier.max_iter,
        "gtol": gtol,
        "ftol": 64 * np.finfo(float).eps,  # SciPy's own would end the search long before `gtol`
        "maxls": 50,
    }
    return minimize(loss_and_gradient, start, method="L-BFGS-B", jac=True, options=options)


def _split(flat: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Views of the weights (classes, d) and the intercepts (classes,)."""
    return flat[:-classes].reshape(classes, -1), flat[-classes:]
