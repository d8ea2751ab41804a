"""Initial weights of a network, drawn from a given generator."""

import math

import torch
from torch import Tensor, nn

from strata.errors import InputError, nearest
from strata.models.architectures.registry import INITIALIZATIONS, Scheme


def _fans(weight: Tensor) -> tuple[int, int]:
    """Fan-in and fan-out of a weight tensor.

    All filters of a layer count as outputs, in depthwise layers too, as in torch and Keras.
    """
    receptive = weight[0, 0].numel()
    return weight.shape[1] * receptive, weight.shape[0] * receptive


def _std(scheme: Scheme, weight: Tensor) -> float:
    """Standard deviation of the initial values of a weight tensor."""
    if scheme.std == "glorot":
        return math.sqrt(2.0 / sum(_fans(weight)))
    if scheme.std == "he":
        return math.sqrt(2.0 / _fans(weight)[0])
    return scheme.std


def _draw(weight: Tensor, scheme: Scheme, generator: torch.Generator) -> None:
    if scheme.distribution == "orthogonal":
        nn.init.orthogonal_(weight, generator=generator)
    elif scheme.distribution == "uniform":
        bound = math.sqrt(3.0) * _std(scheme, weight)
        weight.uniform_(-bound, bound, generator=generator)
    else:
        weight.normal_(0.0, _std(scheme, weight), generator=generator)


@torch.no_grad()
def initialize(network: nn.Module, scheme: str, generator: torch.Generator) -> None:
    """Draw every weight of a network anew, in place.

    Weights of convolutions and linear layers follow `scheme`, their biases are zero, and
    normalizations start as the identity.

    Args:
        network: modules on the generator's device.
        scheme: a key of `registry.INITIALIZATIONS`: Glorot and Bengio 2010, He et al. 2015, a plain
            normal of standard deviation 0.05, zeros (which cannot learn: the paper's
            counter-example), or "lsuv": orthogonal (Saxe et al. 2014), to be followed by
            `lsuv_init`.
        generator: the only source of randomness.

    Raises:
        InputError: unknown scheme.
    """
    if scheme not in INITIALIZATIONS:
        raise InputError(f"Unknown initialization '{scheme}'.", nearest(scheme, INITIALIZATIONS))
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            _draw(module.weight, INITIALIZATIONS[scheme], generator)
            if module.bias is not None:
                module.bias.zero_()
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.GroupNorm | nn.LayerNorm):
            module.reset_parameters()


@torch.no_grad()
def lsuv_init(network: nn.Module, images: Tensor) -> None:
    """Scale each layer's weights so that its output over a batch has variance 1, in place.

    Layer-sequential unit variance (Mishkin and Matas 2016): layers in the order of computation,
    each with the layers before it already scaled. One pass is enough, since a layer's output is
    linear in its weights and biases are zero. A layer whose output does not vary, behind ReLUs that
    are zero for every image, stays as it is.

    Args:
        network: in eval mode: without dropout, and with normalizations that change little yet.
        images: a batch of its inputs.
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
