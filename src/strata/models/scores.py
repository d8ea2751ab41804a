"""Class scores of any scikit-learn classifier, in one form."""

from typing import Any

import numpy as np


def class_scores(classifier: Any, X: Any) -> np.ndarray:
    """Scores (n, classes) float64 in the order of `classifier.classes_`; the highest is predicted.

    Decision values where the classifier has them (for two classes, a single value s becomes the
    columns -s and s), else probabilities.
    """
    if not hasattr(classifier, "decision_function"):
        return np.asarray(classifier.predict_proba(X), np.float64)
    scores = np.asarray(classifier.decision_function(X), np.float64)
    return np.column_stack([-scores, scores]) if scores.ndim == 1 else scores
