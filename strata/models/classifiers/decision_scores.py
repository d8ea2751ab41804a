"""Class scores and probabilities of any scikit-learn classifier, one column per class."""

from typing import Any

import numpy as np


def per_class_columns(scores: Any) -> np.ndarray:
    """Decision values as (n, classes) float64; a binary classifier's single s becomes (-s, s)."""
    scores = np.asarray(scores, np.float64)
    scores = scores.reshape(len(scores), -1) if scores.ndim == 1 else scores
    return np.hstack([-scores, scores]) if scores.shape[1] == 1 else scores


def class_scores(classifier: Any, X: Any) -> np.ndarray:
    """Scores (n, classes) float64, columns as in `classifier.classes_`; the highest is predicted.

    Decision values if the classifier has a `decision_function`, else probabilities.
    """
    if not hasattr(classifier, "decision_function"):
        return np.asarray(classifier.predict_proba(X), np.float64)
    return per_class_columns(classifier.decision_function(X))


def scores_and_probabilities(classifier: Any, X: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """Class scores and probabilities, both (n, classes) float64, columns as in `classes_`.

    Probabilities are None for a classifier without `predict_proba`. Classifiers with a method
    `probabilities_of` their decision values compute these, the costly part, only once.
    """
    if not hasattr(classifier, "decision_function"):
        found = np.asarray(classifier.predict_proba(X), np.float64)
        return found, found
    decisions = classifier.decision_function(X)
    scores = per_class_columns(decisions)
    if not hasattr(classifier, "predict_proba"):
        return scores, None
    if hasattr(classifier, "probabilities_of"):
        return scores, classifier.probabilities_of(decisions)
    return scores, np.asarray(classifier.predict_proba(X), np.float64)
