"""Knowledge distillation: soft labels from a teacher (Hinton, Vinyals and Dean, 2015)."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.nn import functional

from strata.errors import InputError

#: Smaller probabilities of a teacher are raised to this: they only tell that it saw no such case.
MIN_PROBABILITY = 1e-6


def soften(probabilities: ArrayLike, temperature: float) -> NDArray[np.float32]:
    """Probabilities (n, classes) with the scores behind them divided by the temperature.

    softmax(z / T) equals softmax(log(p) / T), as z and log(p) differ by a constant.
    """
    values = (
        np.log(np.maximum(np.asarray(probabilities, np.float64), MIN_PROBABILITY)) / temperature
    )
    values = np.exp(values - values.max(axis=1, keepdims=True))
    return (values / values.sum(axis=1, keepdims=True)).astype(np.float32)


class SoftLabels(NamedTuple):
    """Soft labels: a teacher's probabilities for the training images."""

    probabilities: Tensor  #: (n, classes) float32, softened, on the training's device
    weight: float  #: of the distillation loss, in [0, 1]
    temperature: float

    @classmethod
    def of(
        cls,
        probabilities: ArrayLike,
        weight: float,
        temperature: float,
        device: torch.device,
        shape: tuple[int, int] | None = None,
    ) -> "SoftLabels":
        """Soft labels from a teacher's probabilities (n, classes), not softened yet.

        Args:
            probabilities, weight, temperature, device: see the attributes.
            shape: that the probabilities need to have; None: any.

        Raises:
            InputError: another shape, a weight outside [0, 1], a temperature that is not positive.
        """
        given = np.asarray(probabilities)
        if shape is not None and given.shape != shape:
            raise InputError(
                f"A teacher's probabilities need the shape {shape}, not {given.shape}."
            )
        if not 0 <= weight <= 1:
            raise InputError(f"A teacher's weight must be in [0, 1]: {weight}.")
        if not temperature > 0:
            raise InputError(f"A temperature must be positive: {temperature}.")
        soft = torch.from_numpy(soften(given, temperature))
        return cls(soft.to(device), weight, temperature)

    def take(self, rows: Tensor) -> "SoftLabels":
        """The soft labels of some of the images."""
        return self._replace(probabilities=self.probabilities[rows.to(self.probabilities.device)])

    def blend(
        self, loss: Tensor, scores: Tensor, targets: Tensor, weights: Tensor | None = None
    ) -> Tensor:
        """Total loss: cross-entropy and distillation loss, by their weights.

        (1 - weight) * loss + weight * T^2 * KL(targets || softmax(scores / T)), mean over images;
        T^2 keeps the distillation loss's gradient as large as it is at T = 1.

        Args:
            loss: cross-entropy with the images' own labels.
            scores: (b, classes), before the softmax.
            targets: (b, classes), softened.
            weights: (b,) of each image in the distillation loss; None: 1.
        """
        log_p = functional.log_softmax(scores.float() / self.temperature, 1)
        divergence = functional.kl_div(log_p, targets, reduction="none").sum(1)
        if weights is not None:
            divergence = weights * divergence
        return (1 - self.weight) * loss + self.weight * self.temperature**2 * divergence.mean()
