"""Learning from another method's probabilities (Hinton, Vinyals and Dean, 2015)."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.nn import functional

from strata.errors import InputError

#: A teacher's probability below this says no more than that it saw no such case.
LEAST = 1e-6


def softened(probabilities: ArrayLike, temperature: float) -> NDArray[np.float32]:
    """Probabilities (n, classes) as if the scores behind them were divided by the temperature.

    softmax(z / T) is softmax(log(p) / T), whatever constant z and log(p) differ by.
    """
    values = np.log(np.maximum(np.asarray(probabilities, np.float64), LEAST)) / temperature
    values = np.exp(values - values.max(axis=1, keepdims=True))
    return (values / values.sum(axis=1, keepdims=True)).astype(np.float32)


class SoftLabels(NamedTuple):
    """What a teacher says of the training images."""

    probabilities: Tensor  #: (n, classes) float32, softened, on the training's device
    weight: float  #: of the teacher's part of the loss, in [0, 1]
    temperature: float

    @classmethod
    def of(
        cls, probabilities: ArrayLike, weight: float, temperature: float, device: torch.device
    ) -> "SoftLabels":
        """Soft labels from a teacher's probabilities (n, classes) as they are.

        Raises:
            InputError: a weight outside of [0, 1], or a temperature that is not positive.
        """
        if not 0 <= weight <= 1:
            raise InputError(f"A teacher's weight must be in [0, 1]: {weight}.")
        if not temperature > 0:
            raise InputError(f"A temperature must be positive: {temperature}.")
        soft = torch.from_numpy(softened(probabilities, temperature))
        return cls(soft.to(device), weight, temperature)

    def take(self, rows: Tensor) -> "SoftLabels":
        """Those of some of the images."""
        return self._replace(probabilities=self.probabilities[rows.to(self.probabilities.device)])

    def blend(
        self, loss: Tensor, scores: Tensor, targets: Tensor, counts: Tensor | None = None
    ) -> Tensor:
        """(1 - weight) * loss + weight * T^2 * KL(targets || softmax(scores / T)), mean of images.

        The square keeps the teacher's part of the gradient as large as it is at T = 1.

        Args:
            loss: by the images' own labels.
            scores: (b, classes), before the softmax.
            targets: (b, classes), softened.
            counts: (b,) how much each image counts; None: all alike.
        """
        said = functional.log_softmax(scores.float() / self.temperature, 1)
        apart = functional.kl_div(said, targets, reduction="none").sum(1)
        if counts is not None:
            apart = counts * apart
        return (1 - self.weight) * loss + self.weight * self.temperature**2 * apart.mean()
