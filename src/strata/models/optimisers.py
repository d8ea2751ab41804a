"""Optimisers by name, with weight decay where it belongs."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from strata.errors import InputError, nearest

#: name -> optimiser of parameter groups, at a rate
OPTIMISERS: dict[str, Callable[[Any, float], Optimizer]] = {
    "sgd": lambda p, r: torch.optim.SGD(p, lr=r, momentum=0.9, nesterov=True, fused=True),
    "plain-sgd": lambda p, r: torch.optim.SGD(p, lr=r, fused=True),
    "adam": lambda p, r: torch.optim.Adam(p, lr=r, fused=True),
    "adamw": lambda p, r: torch.optim.AdamW(p, lr=r, betas=(0.9, 0.99), fused=True),
    "rmsprop": lambda p, r: torch.optim.RMSprop(p, lr=r, alpha=0.9),
    "adadelta": lambda p, r: torch.optim.Adadelta(p, lr=r),
    "adagrad": lambda p, r: torch.optim.Adagrad(p, lr=r, fused=True),
}


def optimiser(name: str, network: nn.Module, rate: float, weight_decay: float) -> Optimizer:
    """The optimiser of a name for all parameters of a network.

    Weight decay holds for the weights of convolutions and linear layers; biases and
    normalisations, which have one dimension, are left alone.

    Raises:
        InputError: unknown name.
    """
    if name not in OPTIMISERS:
        raise InputError(f"Unknown optimiser '{name}'.", nearest(name, OPTIMISERS))
    parameters = list(network.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return OPTIMISERS[name]([group for group in groups if group["params"]], rate)
