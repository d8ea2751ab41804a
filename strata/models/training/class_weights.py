"""How much an image counts in the loss, by its class."""

import torch
from torch import Tensor


def balanced(labels: Tensor, classes: int) -> Tensor:
    """Weights (classes,) by which every class counts alike and an image 1 on average.

    King and Zeng, "Logistic regression in rare events data" (2001); as scikit-learn's "balanced".
    """
    return len(labels) / (classes * torch.bincount(labels, minlength=classes).clamp(min=1))


def weighted(targets: Tensor, weights: Tensor, smoothing: float) -> Tensor:
    """Targets whose cross-entropy is each image's own, smoothed, times the weight of its class.

    torch's cross-entropy with `weight` and `label_smoothing` weighs what is spread over a class by
    that class instead: of 1 rare image in 100, most of every image's target would go to its class.

    Args:
        targets: (b, classes), rows of sum 1.
        weights: (classes,).
        smoothing: share of a target that is spread over all classes.

    Returns:
        (b, classes), each row of its image's weight as sum.
    """
    counted = targets * weights
    return counted * (1 - smoothing) + counted.sum(1, keepdim=True) * smoothing / len(weights)
