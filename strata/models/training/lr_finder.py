"""LR finder: the loss as a function of a learning rate that rises from step to step."""

import itertools
import math
from copy import deepcopy
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from strata.errors import DivergedError
from strata.models.architectures.builder import Network
from strata.models.runtime.devices import deterministic_cuda
from strata.models.training.batches import Images
from strata.models.training.config import TrainingConfig
from strata.models.training.train_step import GradientDescent

#: Decay of the exponential moving average of the loss.
SMOOTHING = 0.9
#: The search ends when the smoothed loss exceeds its minimum by this factor.
DIVERGENCE_FACTOR = 4.0
#: Steps to each side over which a slope is fitted; from one step to the next it is mostly noise.
SLOPE_RADIUS = 10


class LRCurve(NamedTuple):
    """Result of an LR finder."""

    lrs: NDArray[np.float64]  #: (steps,) learning rates tried, rising
    losses: NDArray[np.float64]  #: (steps,) smoothed over the steps before
    suggestion: float  #: learning rate of the steepest descent of the loss over log(lr)


def find_lr(
    network: Network,
    images: Images,
    config: TrainingConfig,
    *,
    min_lr: float = 1e-5,
    max_lr: float = 1.0,
    steps: int = 100,
) -> LRCurve:
    """Train a copy of a network for some steps with a rising learning rate (Smith 2017).

    Args:
        network: is not changed.
        images: to train on.
        config: of the training for which a learning rate is sought; its own `max_lr` is not used.
        min_lr, max_lr: learning rates of the first and the last step.
        steps: number of steps, evenly spaced on a logarithmic scale; fewer where the loss
            diverges before.

    Raises:
        DivergedError: no learning rate lowers the loss.
    """
    descent = GradientDescent(deepcopy(network), images, config)
    batches = itertools.chain.from_iterable(descent.batches(epoch) for epoch in itertools.count())
    lrs = np.geomspace(min_lr, max_lr, steps)
    descent.network.train()
    average = 0.0
    losses: list[float] = []
    for i, (lr, batch) in enumerate(zip(lrs, batches, strict=False)):
        descent.set_lr(lr)
        with deterministic_cuda():
            loss = descent.step(batch)[0].item() / len(batch.rows)
        average = SMOOTHING * average + (1 - SMOOTHING) * loss
        losses.append(average / (1 - SMOOTHING ** (i + 1)))
        if not math.isfinite(loss) or losses[-1] > DIVERGENCE_FACTOR * min(losses):
            losses.pop()
            break
    smoothed = np.array(losses)
    steepest = _steepest(smoothed)
    if steepest is None:
        raise DivergedError("No learning rate lowers the loss.", "Give max_lr a number.")
    return LRCurve(lrs[: len(smoothed)], smoothed, float(lrs[steepest]))


def _steepest(losses: NDArray[np.float64]) -> int | None:
    """Step at which a line fitted to the losses around it falls most; None where none falls."""
    radius = min(SLOPE_RADIUS, (len(losses) - 1) // 2)
    if radius < 1:
        return None
    weights = np.arange(-radius, radius + 1) / sum(i * i for i in range(-radius, radius + 1))
    slopes = np.correlate(losses, weights, "valid")
    return radius + int(slopes.argmin()) if slopes.min() < 0 else None
