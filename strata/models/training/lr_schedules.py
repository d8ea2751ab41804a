"""Learning-rate schedules, as shares of the maximum learning rate, and one-cycle momentum."""

import math
from collections.abc import Callable
from typing import Annotated

from strata.errors import InputError, nearest
from strata.parameter_types import OneOf

#: One-cycle schedule: share of the training that warms up, and the values it starts and ends at.
WARM_UP, START, END = 0.25, 0.04, 1e-4


def _cosine(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2


def one_cycle(progress: float) -> float:
    """Half a cosine up, then a longer half cosine down to nearly zero (Smith 2018)."""
    if progress < WARM_UP:
        return _cosine(START, 1.0, progress / WARM_UP)
    return _cosine(1.0, END, (progress - WARM_UP) / (1 - WARM_UP))


def one_cycle_momentum(progress: float, base: float, maximum: float) -> float:
    """Momentum against the one-cycle learning rate: from `maximum` to `base` and back (Smith 2018).

    High while the learning rate is low, so that steps add up, and low while it is high.
    """
    if progress < WARM_UP:
        return _cosine(maximum, base, progress / WARM_UP)
    return _cosine(base, maximum, (progress - WARM_UP) / (1 - WARM_UP))


def cosine(progress: float) -> float:
    """Half a cosine down to zero (Loshchilov and Hutter 2017, without restarts)."""
    return _cosine(1.0, 0.0, progress)


def constant(progress: float) -> float:
    """The maximum throughout."""
    return 1.0


def step(progress: float) -> float:
    """Division by ten after each third of the training."""
    return 0.1 ** min(int(3 * progress), 2)


#: name -> schedule
SCHEDULES: dict[str, Callable[[float], float]] = {
    "one-cycle": one_cycle,
    "cosine": cosine,
    "constant": constant,
    "step": step,
}
#: Type of a parameter: a name of `SCHEDULES`.
ScheduleName = Annotated[str, OneOf(SCHEDULES)]


def lr_schedule(name: str) -> Callable[[float], float]:
    """The schedule of a name: progress in [0, 1) -> share of the maximum, in [0, 1].

    Raises:
        InputError: unknown name.
    """
    if name not in SCHEDULES:
        raise InputError(f"Unknown lr_schedule '{name}'.", nearest(name, SCHEDULES))
    return SCHEDULES[name]
