"""How the learning rate moves over a training, as a share of its maximum."""

import math
from collections.abc import Callable
from typing import Annotated

from strata.errors import InputError, nearest
from strata.parameter_types import OneOf

#: Share of a one-cycle training that warms up, and the rate it starts and ends at.
WARM_UP, FIRST, LAST = 0.25, 0.04, 1e-4


def _cosine(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2


def one_cycle(progress: float) -> float:
    """Up along a half cosine, then down along a longer one to nearly zero (Smith 2018)."""
    if progress < WARM_UP:
        return _cosine(FIRST, 1.0, progress / WARM_UP)
    return _cosine(1.0, LAST, (progress - WARM_UP) / (1 - WARM_UP))


def cosine(progress: float) -> float:
    """Down along a half cosine to zero (Loshchilov and Hutter 2017, without restarts)."""
    return _cosine(1.0, 0.0, progress)


def constant(progress: float) -> float:
    """Always the maximum."""
    return 1.0


def step(progress: float) -> float:
    """A tenth after each third of the training."""
    return 0.1 ** min(int(3 * progress), 2)


SCHEDULES: dict[str, Callable[[float], float]] = {
    "one-cycle": one_cycle,
    "cosine": cosine,
    "constant": constant,
    "step": step,
}
#: A parameter: a name of `SCHEDULES`.
ScheduleName = Annotated[str, OneOf(SCHEDULES)]


def schedule(name: str) -> Callable[[float], float]:
    """The schedule of a name: progress in [0, 1) -> share of the maximum rate, in [0, 1].

    Raises:
        InputError: unknown name.
    """
    if name not in SCHEDULES:
        raise InputError(f"Unknown schedule '{name}'.", nearest(name, SCHEDULES))
    return SCHEDULES[name]
