"""Optimizers by name, with weight decay where it belongs."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any

import torch
from torch.nn import Parameter
from torch.optim import Optimizer

from strata.errors import InputError, nearest
from strata.parameter_types import OneOf


def _device_of(groups: list[dict[str, Any]]) -> str:
    return str(groups[0]["params"][0].device.type)


#: name -> optimizer of parameter groups, at a rate, with a momentum if it has one
OPTIMIZERS: dict[str, Callable[[Any, float, float], Optimizer]] = {
    "sgd": lambda p, r, m: torch.optim.SGD(p, lr=r, momentum=m, nesterov=m > 0, fused=True),
    "plain-sgd": lambda p, r, _: torch.optim.SGD(p, lr=r, fused=True),
    "adam": lambda p, r, _: torch.optim.Adam(p, lr=r, fused=True),
    "adamw": lambda p, r, _: torch.optim.AdamW(p, lr=r, betas=(0.9, 0.99), fused=True),
    "rmsprop": lambda p, r, _: torch.optim.RMSprop(p, lr=r, alpha=0.9),
    "adadelta": lambda p, r, _: torch.optim.Adadelta(p, lr=r),
    "adagrad": lambda p, r, _: torch.optim.Adagrad(p, lr=r, fused=_device_of(p) != "mps"),
}
#: A parameter: a name of `OPTIMIZERS`.
OptimizerName = Annotated[str, OneOf(OPTIMIZERS)]


def optimizer(
    name: str,
    layers: Iterable[tuple[float, Iterable[Parameter]]],
    rate: float,
    weight_decay: float,
    momentum: float = 0.9,
) -> Optimizer:
    """The optimizer of a name for some layers.

    Weight decay holds for the weights of convolutions and linear layers; biases and
    normalizations, which have one dimension, are left alone.

    Args:
        layers: each layer's learning rate as a share of the one that is set, and its parameters.
        rate: to begin with; `lr` of the groups is what is set before each step.
        weight_decay: by "adamw" taken off the weights at each step, by the others added to the
            gradient.
        momentum: of "sgd" (Nesterov's); the others have none, or their own.

    Raises:
        InputError: unknown name.
    """
    known_optimizer(name)
    groups = []
    for share, given in layers:
        parameters = list(given)
        weights = [p for p in parameters if p.ndim > 1]
        others = [p for p in parameters if p.ndim <= 1]
        groups.append({"params": weights, "weight_decay": weight_decay, "share": share})
        groups.append({"params": others, "weight_decay": 0.0, "share": share})
    made = OPTIMIZERS[name]([group for group in groups if group["params"]], rate, momentum)
    made.register_step_pre_hook(_share_rates)
    return made


def known_optimizer(name: str) -> None:
    """Raise `InputError` for a name that is none."""
    if name not in OPTIMIZERS:
        raise InputError(f"Unknown optimizer '{name}'.", nearest(name, OPTIMIZERS))


def _share_rates(made: Optimizer, *_: Any) -> None:
    for group in made.param_groups:
        group["lr"] *= group["share"]
