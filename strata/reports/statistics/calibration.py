"""Calibration of predicted probabilities: log loss, Brier score, reliability diagram, ECE."""

from typing import NamedTuple

import numpy as np


def log_loss(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean negative log-likelihood of the true class, in nats; 0 is perfect.

    Probabilities are clipped at the float's epsilon, so that one certain mistake does not make the
    loss infinite.
    """
    own = probabilities[np.arange(len(labels)), labels]
    return float(np.mean(-np.log(np.clip(own, np.finfo(float).eps, 1.0))))


def brier_score(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean squared distance of the probabilities to the one-hot label, from 0 to 2.

    Source: G. W. Brier, Monthly Weather Review 78 (1950), 1-3, eq. (2).
    """
    truth = np.zeros_like(probabilities)
    truth[np.arange(len(labels)), labels] = 1.0
    return float(np.mean(np.sum((probabilities - truth) ** 2, axis=1)))


class Reliability(NamedTuple):
    """Reliability diagram: confidence against accuracy, in bins of equal width over (0, 1].

    Attributes:
        images: (bins,) int, number of images in the bin.
        confidence: (bins,) mean probability of the predicted class, NaN in an empty bin.
        accuracy: (bins,) fraction of correct predictions, NaN in an empty bin.
        error: expected calibration error (ECE), mean |accuracy - confidence| over images.
    """

    images: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray
    error: float


def reliability(labels: np.ndarray, probabilities: np.ndarray, bins: int = 10) -> Reliability:
    """Reliability diagram of the predicted class and its expected calibration error.

    Source: C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On calibration of modern neural
    networks", ICML 2017, eq. (3).
    """
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    bin_index = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    count = np.bincount(bin_index, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean_confidence = np.bincount(bin_index, confidence, bins) / count
        accuracy = np.bincount(bin_index, correct, bins) / count
    gaps = np.nan_to_num(np.abs(accuracy - mean_confidence))
    return Reliability(count, mean_confidence, accuracy, float(gaps @ count / count.sum()))
