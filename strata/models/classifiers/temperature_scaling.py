"""Temperature scaling: calibrated probabilities from class scores (Guo et al. 2017)."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax


def fit_temperature(scores: np.ndarray, labels: np.ndarray) -> float:
    """The temperature T at which softmax(scores / T) has the least log loss.

    One number leaves the order of the classes as it is, so probabilities and scores predict the
    same class. The scores have to be of samples that the classifier was not fitted on.

    Args:
        scores: (n, classes) floating.
        labels: (n,) true class numbers.

    Returns:
        T > 0; between 1/1000 and 1000 times the standard deviation of the scores.
    """
    spread = float(scores.std()) or 1.0
    rows = np.arange(len(scores))

    def loss(log_slope: float) -> float:
        return -float(log_softmax(scores * np.exp(log_slope) / spread, axis=1)[rows, labels].mean())

    best = minimize_scalar(loss, bounds=(-np.log(1000), np.log(1000)), method="bounded")
    return spread / float(np.exp(best.x))


def calibrated_loss(scores: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """The temperature of held-out scores, and their mean log loss once they are divided by it.

    Args:
        scores, labels: as of `fit_temperature`.
    """
    temperature = fit_temperature(scores, labels)
    log_p = log_softmax(scores / temperature, axis=1)
    return temperature, -float(log_p[np.arange(len(labels)), labels].mean())


def probabilities(scores: np.ndarray, temperature: float) -> np.ndarray:
    """softmax(scores / temperature) along rows, (n, classes) float64."""
    return softmax(scores.astype(np.float64) / temperature, axis=1)
