"""Initial weights of a network, drawn from a generator of its own."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from strata.errors import InputError, nearest
from strata.models.architectures.registry import INITIALIZATIONS, LSUV


def _fans(weight: Tensor) -> tuple[int, int]:
    """Inputs that one output sums over, and outputs that one input reaches.

    All filters of a layer count as outputs, in depthwise layers too, as torch and Keras have it.
    """
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


@torch.no_grad()
def initialize(network: nn.Module, scheme: str, generator: torch.Generator) -> None:
    """Draw every weight of a network anew, in place.

    Weights of convolutions and linear layers follow `scheme`, their biases are zero, and
    normalizations start as the identity. Only `generator` is drawn from.

    Args:
        network: modules on the generator's device.
        scheme: one of `INITIALIZATIONS`: Glorot and Bengio 2010, He et al. 2015, a plain normal
            of deviation 0.05, zeros (which cannot learn: the paper's counter-example), or "lsuv":
            orthogonal (Saxe et al. 2014), to be followed by `lsuv_init`.
        generator: the only source of randomness.

    Raises:
        InputError: unknown scheme.
    """
    if scheme not in INITIALIZATIONS:
        raise InputError(f"Unknown initialization '{scheme}'.", nearest(scheme, INITIALIZATIONS))
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            if scheme == LSUV:
                nn.init.orthogonal_(module.weight, generator=generator)
            else:
                distribution, deviation = _SCHEMES[scheme]
                distribution(module.weight, deviation(module.weight), generator)
            if module.bias is not None:
                module.bias.zero_()
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.GroupNorm | nn.LayerNorm):
            module.reset_parameters()


@torch.no_grad()
def lsuv_init(network: nn.Module, images: Tensor) -> None:
    """Scale each layer's weights so that its output over a batch has variance 1, in place.

    Layer-sequential unit variance (Mishkin and Matas 2016): layers in the order in which images
    pass them, each with the layers before it already scaled. One pass does it, since a layer's
    output is linear in its weights and biases are zero. A layer whose output does not vary, behind
    rectifiers that no image opens, stays as it is.

    Args:
        network: in eval mode: without dropout, and with normalizations that change little yet.
        images: what it takes.
    """

    def scale(module: nn.Conv2d | nn.Linear, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        deviation = output.std()
        factor = torch.where(deviation > 1e-8, deviation, 1.0).reciprocal()
        module.weight.mul_(factor)
        return output * factor

    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    hooks = [layer.register_forward_hook(scale) for layer in layers]
    try:
        network(images)
    finally:
        for hook in hooks:
            hook.remove()
