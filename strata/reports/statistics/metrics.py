"""Figures of one prediction against the truth: from a confusion matrix or from scores."""

from typing import NamedTuple

import numpy as np


def confusion_matrix(labels: np.ndarray, predictions: np.ndarray, classes: int) -> np.ndarray:
    """(classes, classes) int64: how many images of the row's class were called the column's.

    Args:
        labels, predictions: (n,) int in [0, classes).
    """
    cells = np.asarray(labels, np.int64) * classes + np.asarray(predictions, np.int64)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def confusions(confusion: np.ndarray, most: int) -> list[tuple[int, int, int]]:
    """The largest wrong cells as (true, predicted, count)."""
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    cells = [(int(i), int(j)) for i, j in zip(*np.unravel_index(order, wrong.shape), strict=True)]
    return [(i, j, int(wrong[i, j])) for i, j in cells if wrong[i, j]]


class ClassFigures(NamedTuple):
    """Per class, each (classes,): `support` and `predicted` are counts of images.

    `precision` is NaN for a class that was never predicted, `recall` for one without images,
    `f1` for one with neither.
    """

    support: np.ndarray
    predicted: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray


def class_figures(confusion: np.ndarray) -> ClassFigures:
    """Precision, recall and F1 = 2 TP / (2 TP + FP + FN) of every class."""
    right = np.diag(confusion).astype(float)
    support, predicted = confusion.sum(axis=1), confusion.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return ClassFigures(
            support,
            predicted,
            np.where(predicted > 0, right / predicted, np.nan),
            np.where(support > 0, right / support, np.nan),
            np.where(support + predicted > 0, 2 * right / (support + predicted), np.nan),
        )


def macro_f1(confusion: np.ndarray) -> float:
    """Mean of the classes' F1, taken once over the pooled counts of all folds.

    Pooling first is the estimate without bias; the mean of each fold's F1 is not
    (G. Forman and M. Scholz, SIGKDD Explorations 12 (2010), 49-57).
    """
    return _mean(class_figures(confusion).f1)


def balanced_accuracy(confusion: np.ndarray) -> float:
    """Mean of the classes' recall: every class counts the same, whatever its size."""
    return _mean(class_figures(confusion).recall)


def top_k_accuracy(labels: np.ndarray, scores: np.ndarray, k: int) -> float:
    """Part of the images whose class is among the k highest scores.

    Of equal scores the class that comes first is taken first, as in argmax.

    Args:
        labels: (n,) int.
        scores: (n, classes) float.
    """
    own = scores[np.arange(len(labels)), labels][:, None]
    earlier = np.arange(scores.shape[1])[None, :] < np.asarray(labels)[:, None]
    above = (scores > own) | ((scores == own) & earlier)
    return float(np.mean(above.sum(axis=1) < k))


def majority_rate(labels: np.ndarray) -> float:
    """Accuracy of always naming the class that has most images."""
    return float(np.bincount(labels).max() / len(labels))


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")
