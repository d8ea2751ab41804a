"""Classification metrics, from a confusion matrix or from class scores."""

from typing import NamedTuple

import numpy as np


def confusion_matrix(labels: np.ndarray, predictions: np.ndarray, classes: int) -> np.ndarray:
    """Confusion matrix (classes, classes) int64: rows are true classes, columns predicted ones.

    Args:
        labels, predictions: (n,) int in [0, classes).
    """
    cells = np.asarray(labels, np.int64) * classes + np.asarray(predictions, np.int64)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def top_confusions(confusion: np.ndarray, most: int) -> list[tuple[int, int, int]]:
    """The largest off-diagonal cells as (true, predicted, count)."""
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    cells = [(int(i), int(j)) for i, j in zip(*np.unravel_index(order, wrong.shape), strict=True)]
    return [(i, j, int(wrong[i, j])) for i, j in cells if wrong[i, j]]


class ClassMetrics(NamedTuple):
    """Per-class metrics, each (classes,): `support` and `predicted` are counts of images.

    `precision` is NaN for a class that was never predicted, `recall` for one without images,
    `f1` for one with neither.
    """

    support: np.ndarray
    predicted: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray


def class_metrics(confusion: np.ndarray) -> ClassMetrics:
    """Precision, recall and F1 = 2 TP / (2 TP + FP + FN) of every class."""
    right = np.diag(confusion).astype(float)
    support, predicted = confusion.sum(axis=1), confusion.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return ClassMetrics(
            support,
            predicted,
            np.where(predicted > 0, right / predicted, np.nan),
            np.where(support > 0, right / support, np.nan),
            np.where(support + predicted > 0, 2 * right / (support + predicted), np.nan),
        )


def macro_f1(confusion: np.ndarray) -> float:
    """Macro-averaged F1, on the confusion matrix pooled over all folds.

    Pooling first is the unbiased estimate; the mean of each fold's F1 is not
    (G. Forman and M. Scholz, SIGKDD Explorations 12 (2010), 49-57).
    """
    return _mean(class_metrics(confusion).f1)


def balanced_accuracy(confusion: np.ndarray) -> float:
    """Balanced accuracy: mean recall over classes, whatever their size."""
    return _mean(class_metrics(confusion).recall)


def top_k_accuracy(labels: np.ndarray, scores: np.ndarray, k: int) -> float:
    """Fraction of images whose true class is among the k highest scores.

    Of tied scores the class that comes first is taken first, as in argmax.

    Args:
        labels: (n,) int.
        scores: (n, classes) float.
    """
    own = scores[np.arange(len(labels)), labels][:, None]
    earlier = np.arange(scores.shape[1])[None, :] < np.asarray(labels)[:, None]
    above = (scores > own) | ((scores == own) & earlier)
    return float(np.mean(above.sum(axis=1) < k))


def majority_baseline(labels: np.ndarray) -> float:
    """Accuracy of always predicting the most frequent class."""
    return float(np.bincount(labels).max() / len(labels))


def _mean(values: np.ndarray) -> float:
    """Mean of the finite values; NaN without any."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")
