"""Initial weights of a new linear head: those of logistic regression on its inputs."""

from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from strata.models.classifiers.multinomial import fit_logistic


def init_head_logistic(
    head: nn.Linear,
    vectors: Tensor,
    labels: Tensor,
    *,
    C: float,
    class_weight: Literal["balanced"] | None = None,
) -> None:
    """Set a linear layer's weights to the optimum of L2-regularized logistic regression.

    Trained for some epochs without a penalty, a head on thousands of features soon fits the
    training images perfectly, and no loss is left whose gradient could train the layers below. The
    penalty keeps some.

    Args:
        head: linear layer with one output per class.
        vectors: (n, d) inputs of the head.
        labels: (n,) class numbers.
        C: inverse strength of the penalty, as in `multinomial.fit_logistic`.
        class_weight: None or "balanced".
    """
    rows, order = vectors.cpu().numpy(), np.arange(len(vectors))
    classifier = fit_logistic(
        lambda: iter([(order, rows)]), labels.cpu().numpy(), C=C, class_weight=class_weight
    )
    weight, bias = classifier.coef_, classifier.intercept_
    if len(weight) == 1:  # a binary classifier holds the difference of the two classes' weights
        weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(weight))
        head.bias.copy_(torch.from_numpy(bias))
