"""Initial weights of a network, drawn from a generator of its own."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from strata.errors import InputError, nearest


def _fans(weight: Tensor) -> tuple[int, int]:
    """Inputs that one output sums over, and outputs that one input reaches."""
    receptive = weight[0, 0].numel()
    return weight.shape[1] * receptive, weight.shape[0] * receptive


def _normal(weight: Tensor, deviation: float, generator: torch.Generator) -> None:
    weight.normal_(0.0, deviation, generator=generator)


def _uniform(weight: Tensor, deviation: float, generator: torch.Generator) -> None:
    bound = math.sqrt(3.0) * deviation
    weight.uniform_(-bound, bound, generator=generator)


def _glorot(weight: Tensor) -> float:
    return math.sqrt(2.0 / sum(_fans(weight)))


def _he(weight: Tensor) -> float:
    return math.sqrt(2.0 / _fans(weight)[0])


#: name -> (distribution, its standard deviation for a weight tensor)
_SCHEMES: dict[
    str, tuple[Callable[[Tensor, float, torch.Generator], None], Callable[[Tensor], float]]
] = {
    "glorot-uniform": (_uniform, _glorot),
    "glorot-normal": (_normal, _glorot),
    "he-uniform": (_uniform, _he),
    "he-normal": (_normal, _he),
    "normal": (_normal, lambda _: 0.05),
    "zeros": (_normal, lambda _: 0.0),
}

INITIALISATIONS = tuple(_SCHEMES)


@torch.no_grad()
def initialise(network: nn.Module, scheme: str, generator: torch.Generator) -> None:
    """Draw every weight of a network anew, in place.

    Weights of convolutions and linear layers follow `scheme`, their biases are zero, and
    normalisations start as the identity. Only `generator` is drawn from.

    Args:
        network: modules on the generator's device.
        scheme: one of `INITIALISATIONS`: Glorot and Bengio 2010, He et al. 2015, a plain normal
            of deviation 0.05, or zeros (which cannot learn: the paper's counter-example).
        generator: the only source of randomness.

    Raises:
        InputError: unknown scheme.
    """
    if scheme not in _SCHEMES:
        raise InputError(f"Unknown initialisation '{scheme}'.", nearest(scheme, _SCHEMES))
    distribution, deviation = _SCHEMES[scheme]
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            distribution(module.weight, deviation(module.weight), generator)
            if module.bias is not None:
                module.bias.zero_()
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.GroupNorm | nn.LayerNorm):
            module.reset_parameters()
