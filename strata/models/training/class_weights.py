"""Class weights in the cross-entropy loss."""

import torch
from torch import Tensor


def balanced_class_weights(labels: Tensor, num_classes: int) -> Tensor:
    """Weights (classes,) n / (classes * images of the class): 1 on average over the images.

    King and Zeng, "Logistic regression in rare events data" (2001); as scikit-learn's "balanced".
    """
    counts = torch.bincount(labels, minlength=num_classes)
    return len(labels) / (num_classes * counts.clamp(min=1))


def weight_targets(targets: Tensor, weights: Tensor, smoothing: float) -> Tensor:
    """Smoothed targets times the weight of each image's own class, for the cross-entropy.

    torch's cross-entropy with `weight` and `label_smoothing` weighs what smoothing spreads over a
    class by that class instead: of 1 rare image in 100, most of every image's target would go to
    its class.

    Args:
        targets: (b, classes), rows of sum 1.
        weights: (classes,).
        smoothing: share of a target that is spread over all classes.

    Returns:
        (b, classes), whose rows sum to their images' weights.
    """
    counted = targets * weights
    return counted * (1 - smoothing) + counted.sum(1, keepdim=True) * smoothing / len(weights)
