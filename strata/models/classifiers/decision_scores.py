"""Class scores and probabilities of any scikit-learn classifier, in one form."""

from typing import Any

import numpy as np


def columns(scores: Any) -> np.ndarray:
    """(n, classes) float64: for two classes, a single value s becomes the columns -s and s."""
    scores = np.asarray(scores, np.float64)
    scores = scores.reshape(len(scores), -1) if scores.ndim == 1 else scores
    return np.hstack([-scores, scores]) if scores.shape[1] == 1 else scores


def class_scores(classifier: Any, X: Any) -> np.ndarray:
    """Scores (n, classes) float64 in the order of `classifier.classes_`; the highest is predicted.

    Decision values where the classifier has them, else probabilities.
    """
    if not hasattr(classifier, "decision_function"):
        return np.asarray(classifier.predict_proba(X), np.float64)
    return columns(classifier.decision_function(X))


def scores_and_probabilities(classifier: Any, X: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """Both (n, classes) float64, columns as in `classifier.classes_`.

    A classifier whose probabilities follow from its scores says how (`probabilities_of`), so that
    kernels and networks run once. Without calibration there are no probabilities.
    """
    scores = class_scores(classifier, X)
    if getattr(classifier, "inner_accuracy_", 0.0) is None:
        return scores, None
    if hasattr(classifier, "probabilities_of"):
        return scores, classifier.probabilities_of(scores)
    if not hasattr(classifier, "decision_function"):
        return scores, scores
    return scores, np.asarray(classifier.predict_proba(X), np.float64)
