"""Optimizers by name, with weight decay on weights only and layer-wise learning rates."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any

import torch
from torch.nn import Parameter
from torch.optim import Optimizer

from strata.errors import InputError, nearest
from strata.parameter_types import OneOf


def _device_of(groups: list[dict[str, Any]]) -> str:
    return str(groups[0]["params"][0].device.type)


#: name -> optimizer of parameter groups, with a learning rate, and a momentum (Nesterov's or plain)
#: if it takes one
OPTIMIZERS: dict[str, Callable[[Any, float, float, bool], Optimizer]] = {
    "sgd": lambda p, r, m, n: torch.optim.SGD(
        p, lr=r, momentum=m, nesterov=n and m > 0, fused=True
    ),
    "plain-sgd": lambda p, r, *_: torch.optim.SGD(p, lr=r, fused=True),
    "adam": lambda p, r, *_: torch.optim.Adam(p, lr=r, fused=True),
    "adamw": lambda p, r, *_: torch.optim.AdamW(p, lr=r, betas=(0.9, 0.99), fused=True),
    "rmsprop": lambda p, r, *_: torch.optim.RMSprop(p, lr=r, alpha=0.9),
    "adadelta": lambda p, r, *_: torch.optim.Adadelta(p, lr=r),
    "adagrad": lambda p, r, *_: torch.optim.Adagrad(p, lr=r, fused=_device_of(p) != "mps"),
}
#: Optimizers whose momentum (Adam's beta1) can change from step to step.
WITH_MOMENTUM = ("sgd", "adam", "adamw")
#: Type of a parameter: a name of `OPTIMIZERS`.
OptimizerName = Annotated[str, OneOf(OPTIMIZERS)]


def build_optimizer(
    name: str,
    layers: Iterable[tuple[float, Iterable[Parameter]]],
    lr: float,
    weight_decay: float,
    momentum: float = 0.9,
    *,
    nesterov: bool = True,
) -> Optimizer:
    """The optimizer of a name for some layers.

    Weight decay applies to the weights of convolutions and linear layers, not to biases and
    normalizations, which have one dimension.

    Args:
        name: a key of `OPTIMIZERS`.
        layers: pairs of a factor on the learning rate and the parameters that it holds for.
        lr: initial learning rate; later ones are set as `lr` of all groups before each step, and
            multiplied by the factors within the step.
        weight_decay: decoupled with "adamw", added to the gradient with the others.
        momentum: of "sgd"; the others have none, or their own.
        nesterov: whether "sgd" has Nesterov's momentum, or Polyak's plain (heavy-ball) one.

    Raises:
        InputError: unknown name.
    """
    check_optimizer(name)
    groups = []
    for factor, given in layers:
        parameters = list(given)
        weights = [p for p in parameters if p.ndim > 1]
        others = [p for p in parameters if p.ndim <= 1]
        groups.append({"params": weights, "weight_decay": weight_decay, "lr_factor": factor})
        groups.append({"params": others, "weight_decay": 0.0, "lr_factor": factor})
    made = OPTIMIZERS[name]([group for group in groups if group["params"]], lr, momentum, nesterov)
    made.register_step_pre_hook(_scale_lr)
    return made


def set_momentum(made: Optimizer, momentum: float) -> None:
    """Set the momentum of the next step: of an optimizer of `WITH_MOMENTUM`, Adam's beta1."""
    for group in made.param_groups:
        if "betas" in group:
            group["betas"] = (momentum, group["betas"][1])
        else:
            group["momentum"] = momentum


def check_optimizer(name: str) -> None:
    """Raise `InputError` for an unknown name."""
    if name not in OPTIMIZERS:
        raise InputError(f"Unknown optimizer '{name}'.", nearest(name, OPTIMIZERS))


def _scale_lr(made: Optimizer, *_: Any) -> None:
    for group in made.param_groups:
        group["lr"] *= group["lr_factor"]
