"""Do predicted probabilities mean what they say?"""

from typing import NamedTuple

import numpy as np


def log_loss(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean of -ln of the probability given to the true class, in nats; 0 is perfect.

    Probabilities below the float's epsilon count as epsilon, so that one certain mistake does
    not make the figure infinite.
    """
    own = probabilities[np.arange(len(labels)), labels]
    return float(np.mean(-np.log(np.clip(own, np.finfo(float).eps, 1.0))))


def brier_score(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean over images of the squared distance to the truth as a 0/1 vector, from 0 to 2.

    Source: G. W. Brier, Monthly Weather Review 78 (1950), 1-3, eq. (2).
    """
    truth = np.zeros_like(probabilities)
    truth[np.arange(len(labels)), labels] = 1.0
    return float(np.mean(np.sum((probabilities - truth) ** 2, axis=1)))


class Reliability(NamedTuple):
    """Confidence against accuracy, in bins of equal width over (0, 1].

    Attributes:
        images: (bins,) int, how many fall into the bin.
        confidence: (bins,) mean probability of the predicted class, NaN in an empty bin.
        accuracy: (bins,) part of the images that are right, NaN in an empty bin.
        error: the expected calibration error, mean |accuracy - confidence| over images.
    """

    images: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray
    error: float


def reliability(labels: np.ndarray, probabilities: np.ndarray, bins: int = 10) -> Reliability:
    """The reliability diagram of the predicted class and its expected calibration error.

    Source: C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On calibration of modern neural
    networks", ICML 2017, eq. (3).
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean_confidence = np.bincount(place, confidence, bins) / count
        accuracy = np.bincount(place, right, bins) / count
    gaps = np.nan_to_num(np.abs(accuracy - mean_confidence))
    return Reliability(count, mean_confidence, accuracy, float(gaps @ count / count.sum()))
