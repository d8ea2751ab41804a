"""How much an image counts in the loss, by its class."""

import torch
from torch import Tensor


def balanced(labels: Tensor, classes: int) -> Tensor:
    """Weights (classes,) by which every class counts alike and an image 1 on average.

    King and Zeng, "Logistic regression in rare events data" (2001); as scikit-learn's "balanced".
    """
    return len(labels) / (classes * torch.bincount(labels, minlength=classes).clamp(min=1))
