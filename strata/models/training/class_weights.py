"""Class imbalance: class weights in the cross-entropy loss, or resampling of the images."""

import numpy as np
import torch
from numpy.typing import NDArray
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


def balanced_sample(labels: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Rows of one epoch in random order, as many as there are images, the same of each class.

    Of a rare class, images come several times, none more than once more often than another
    (oversampling); of a frequent one, so many are drawn without replacement (undersampling), others
    in other epochs. Where the classes do not divide the number of images, some drawn at random
    have one row more.

    Args:
        labels: (n,) class number of each image.
        rng: draws the epoch.
    """
    classes = np.unique(labels)
    each, extra = divmod(len(labels), len(classes))
    counts = np.full(len(classes), each)
    counts[rng.permutation(len(classes))[:extra]] += 1
    drawn = []
    for label, count in zip(classes, counts, strict=True):
        own = np.flatnonzero(labels == label)
        rounds = -(-count // len(own))
        drawn.append(np.concatenate([rng.permutation(own) for _ in range(rounds)])[:count])
    return rng.permutation(np.concatenate(drawn))
