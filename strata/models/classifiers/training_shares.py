"""Training vectors' shares in the score of one vector: neighbors that vote, support vectors."""

from typing import Any

import numpy as np
from sklearn.neighbors import KNeighborsClassifier

from strata.models.classifiers.kernel_svm import KernelSVM


def class_coefficients(classifier: Any, column: int) -> tuple[np.ndarray, float]:
    """Coefficients and intercept of the score of a class, as `per_class_columns` gives scores.

    Args:
        classifier: with `coef_` (d numbers for each classifier) or else `dual_coef_` (one number
            for each support vector), and `intercept_`.
        column: of the class, in `classes_`.

    Returns:
        (d,) or (support,) float64, and the intercept. The first of two classes has the negative
        numbers of the second.
    """
    rows = classifier.coef_ if hasattr(classifier, "coef_") else classifier.dual_coef_
    if len(rows) > 1:
        return rows[column], float(classifier.intercept_[column])
    sign = 1 if column else -1
    return sign * rows[0], sign * float(classifier.intercept_[0])


def support_terms(classifier: KernelSVM, x: np.ndarray, column: int) -> np.ndarray:
    """Terms a_i k(x, x_i) of the support vectors in the score of a class, (support,) float64.

    Their sum and the intercept are the score.

    Args:
        classifier: fitted with a kernel other than "linear" and "precomputed".
        x: (d,).
        column: of the class, in `classes_`.
    """
    coefficients, _ = class_coefficients(classifier, column)
    support = classifier.support_vectors_
    kernel = classifier._kernel_function()
    return coefficients * kernel(np.asarray(x, support.dtype)[None], support)[0]


def neighbor_shares(
    classifier: KNeighborsClassifier, x: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Votes of the nearest training vectors.

    Args:
        classifier: fitted, its weights "uniform" or "distance".
        x: (d,).

    Returns:
        numbers of the training vectors, nearest first; each one's column in `classes_`; and its
        share of the vote, float64. The shares of a class sum to its probability. With weights by
        distance, a vector at distance 0 leaves none to others.
    """
    distances, rows = (found[0] for found in classifier.kneighbors(x[None]))
    shares = np.ones(len(rows))
    if classifier.weights == "distance":
        same = distances == 0
        shares = same.astype(float) if same.any() else 1 / distances
    return rows, classifier._y[rows], shares / shares.sum()
