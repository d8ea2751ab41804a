"""A new head where it is best, before what it looks at begins to move."""

from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from strata.models.classifiers.logistic import fit_logistic


def start_at_optimum(
    head: nn.Linear,
    vectors: Tensor,
    numbers: Tensor,
    *,
    C: float,
    class_weight: Literal["balanced"] | None = None,
) -> None:
    """Give a linear layer the weights of logistic regression.

    Trained for some passes, a head on thousands of features soon knows the training images by
    heart; no loss is left then that could teach the layers below. The penalty keeps some.

    Args:
        head: to the scores of all classes.
        vectors: (n, d), what it looks at.
        numbers: (n,) of each one's class.
        C: inverse strength of the penalty, as of `logistic.fit_logistic`.
        class_weight: None or "balanced".
    """
    rows, order = vectors.cpu().numpy(), np.arange(len(vectors))
    machine = fit_logistic(
        lambda: iter([(order, rows)]), numbers.cpu().numpy(), C=C, class_weight=class_weight
    )
    weight, bias = machine.coef_, machine.intercept_
    if len(weight) == 1:  # of two classes the machine keeps the difference
        weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(weight))
        head.bias.copy_(torch.from_numpy(bias))
