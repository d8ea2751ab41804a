"""Gradients of class scores with respect to the vectors that are classified."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from strata.errors import InputError
from strata.models.classifiers.gram_matrix import rbf_kernel


def score_gradient(
    classifier: Any, X: NDArray[np.floating], columns: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Gradient of one class's score for each vector: (n, d).

    Scores are as `decision_scores.class_scores` gives them: with two classes, minus and plus the
    decision value.

    Args:
        classifier: linear (with `coef_`), or a `KernelSVM` with the kernel "rbf".
        X: (n, d).
        columns: (n,) the column of each vector's class among the scores.

    Raises:
        InputError: the scores have no gradient, or none is known here.
    """
    if hasattr(classifier, "coef_"):
        rows, signs = _rows(len(classifier.coef_), columns)
        return signs * classifier.coef_[rows]
    if getattr(classifier, "kernel", None) == "rbf":
        rows, signs = _rows(len(classifier.dual_coef_), columns)
        X, support = np.asarray(X, np.float64), classifier.support_vectors_.astype(np.float64)
        K = rbf_kernel(X, support, classifier.gamma_) * classifier.dual_coef_[rows]
        towards = K @ support - K.sum(1, keepdims=True) * X
        return signs * 2 * classifier.gamma_ * towards
    kernel = getattr(classifier, "kernel", None)
    name = getattr(getattr(kernel, "func", kernel), "__name__", None)
    kind = f"a {name} kernel" if name else type(classifier).__name__
    raise InputError(
        f"Scores by {kind} have no gradient that could be followed back into the network.",
        "Linear classifiers and the kernel rbf have one.",
    )


def _rows(classifiers: int, columns: NDArray[np.int64]) -> tuple[Any, NDArray[np.float64]]:
    """Rows of the weights for columns of scores, and signs (n, 1); two classes share one row."""
    columns = np.asarray(columns)
    if classifiers > 1:
        return columns, np.ones((len(columns), 1))
    return np.zeros_like(columns), np.where(columns == 1, 1.0, -1.0)[:, None]
