"""Learning-rate finder: how the loss answers to a rate that rises from step to step."""

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

#: Weight of the past in the smoothed loss; the search ends at this multiple of the best loss.
MEMORY, BURST = 0.9, 4.0
#: Steps to each side over which a slope is taken; from one step to the next it is mostly noise.
REACH = 10


class LRCurve(NamedTuple):
    """What a learning-rate finder saw."""

    rates: NDArray[np.float64]  #: (steps,) tried, rising
    losses: NDArray[np.float64]  #: (steps,) smoothed over the steps before
    suggestion: float  #: where the loss falls most steeply over the logarithm of the rate


def find_lr(
    network: Network,
    images: Images,
    settings: TrainingConfig,
    *,
    lowest: float = 1e-5,
    highest: float = 1.0,
    steps: int = 100,
) -> LRCurve:
    """Train a copy of a network for a few steps while the rate rises (Smith 2017).

    Args:
        network: stays as it is.
        images: to train on.
        settings: of the training for which a rate is sought; its own rate has no say.
        lowest, highest: the first rate and the last.
        steps: between them, evenly on the logarithm; fewer where the loss bursts before.

    Raises:
        DivergedError: no rate lowers the loss.
    """
    descent = GradientDescent(deepcopy(network), images, settings)
    batches = itertools.chain.from_iterable(descent.batches(epoch) for epoch in itertools.count())
    rates = np.geomspace(lowest, highest, steps)
    descent.network.train()
    average = 0.0
    losses: list[float] = []
    for i, (rate, batch) in enumerate(zip(rates, batches, strict=False)):
        descent.set_rate(rate)
        with deterministic_cuda():
            loss = descent.step(batch)[0].item() / len(batch.rows)
        average = MEMORY * average + (1 - MEMORY) * loss
        losses.append(average / (1 - MEMORY ** (i + 1)))
        if not math.isfinite(loss) or losses[-1] > BURST * min(losses):
            losses.pop()
            break
    seen = np.array(losses)
    steepest = _steepest(seen)
    if steepest is None:
        raise DivergedError("No learning rate lowers the loss.", "Give max_rate a number.")
    return LRCurve(rates[: len(seen)], seen, float(rates[steepest]))


def _steepest(losses: NDArray[np.float64]) -> int | None:
    """Where a line through the losses around falls most; None where none falls."""
    reach = min(REACH, (len(losses) - 1) // 2)
    if reach < 1:
        return None
    weights = np.arange(-reach, reach + 1) / sum(i * i for i in range(-reach, reach + 1))
    slopes = np.correlate(losses, weights, "valid")
    return reach + int(slopes.argmin()) if slopes.min() < 0 else None
