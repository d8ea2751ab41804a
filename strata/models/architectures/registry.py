"""Choices of a network's description by name, each with the module or function behind it.

Importing this takes no torch, since experiment files are checked against these names before
anything runs; a value makes its module when it is called.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from strata.models.architectures.choices import OPTIONS

if TYPE_CHECKING:
    from torch import Tensor, nn


def _torch(name: str, *arguments: Any, **options: Any) -> "nn.Module":
    from torch import nn

    module: nn.Module = getattr(nn, name)(*arguments, **options)
    return module


def _own(name: str, channels: int, **options: float) -> "nn.Module":
    from strata.models.architectures import normalization  # which imports torch

    module: nn.Module = getattr(normalization, name)(channels, **options)
    return module


def _leaky_relu(slope: float = OPTIONS["leaky-relu"]["slope"]) -> "nn.Module":
    return _torch("LeakyReLU", slope, inplace=True)


def _pool(name: str, size: int, stride: int, padding: int) -> "nn.Module":
    from strata.models.architectures import pooling  # which imports torch

    module: nn.Module = getattr(pooling, name)(size, stride, padding)
    return module


#: name -> activation; options as keyword arguments (see `choices.OPTIONS`)
ACTIVATIONS: dict[str, Callable[..., "nn.Module"]] = {
    "relu": partial(_torch, "ReLU", inplace=True),
    "leaky-relu": _leaky_relu,
    "elu": partial(_torch, "ELU", inplace=True),
    "selu": partial(_torch, "SELU", inplace=True),
    "gelu": partial(_torch, "GELU"),
    "silu": partial(_torch, "SiLU", inplace=True),
    "tanh": partial(_torch, "Tanh"),
    "sigmoid": partial(_torch, "Sigmoid"),
    "none": partial(_torch, "Identity"),
}

#: name -> pooling, for size, stride and padding of its windows
POOLS: dict[str, Callable[[int, int, int], "nn.Module"]] = {
    "none": lambda size, stride, padding: _torch("Identity"),
    "max": partial(_torch, "MaxPool2d"),
    "average": partial(_torch, "AvgPool2d"),
    "min": partial(_pool, "MinPool2d"),
}

#: name -> normalization of feature maps, for a number of channels; options as keyword arguments
NORMALIZATIONS: dict[str, Callable[..., "nn.Module"]] = {
    "none": partial(_torch, "Identity"),
    "batch": partial(_own, "BatchNorm"),
    "batch-renorm": partial(_own, "BatchRenorm"),
    "group": partial(_own, "group_norm"),
    "layer": partial(_own, "layer_norm"),
    "local-response": partial(_own, "LocalResponseNorm"),
    "local-response-within": partial(_own, "LocalResponseNormWithin"),
}

#: Normalizations that add no shift, so that convolutions before them keep their biases.
WITHOUT_SHIFT = ("none", "local-response", "local-response-within")

#: Kinds of convolution; `blocks.convolution` builds them.
CONVOLUTIONS = ("full", "depthwise")

#: name -> pooling of the last feature maps (b, channels, h, w) to vectors (b, features)
HEAD_POOLS: dict[str, Callable[["Tensor"], "Tensor"]] = {
    "average": lambda maps: maps.mean((2, 3)),
    "max": lambda maps: maps.amax((2, 3)),
    "flatten": lambda maps: maps.flatten(1),
}

#: name -> normalization of a head's hidden layer, for a number of units
HEAD_NORMALIZATIONS: dict[str, Callable[[int], "nn.Module"]] = {
    "none": partial(_torch, "Identity"),
    "batch": partial(_own, "BatchNorm1d"),
    "layer": partial(_torch, "LayerNorm"),
}


class Scheme(NamedTuple):
    """Distribution of initial weights.

    Attributes:
        distribution: "normal", "uniform" or "orthogonal".
        std: standard deviation, or the rule that gives it for a weight tensor.
    """

    distribution: Literal["normal", "uniform", "orthogonal"]
    std: Literal["glorot", "he"] | float


#: Layer-sequential unit variance, which needs images (`initialization.lsuv_init`).
LSUV = "lsuv"

#: name -> distribution of the initial weights
INITIALIZATIONS = {
    "glorot-uniform": Scheme("uniform", "glorot"),
    "glorot-normal": Scheme("normal", "glorot"),
    "he-uniform": Scheme("uniform", "he"),
    "he-normal": Scheme("normal", "he"),
    "normal": Scheme("normal", 0.05),
    "zeros": Scheme("normal", 0.0),
    LSUV: Scheme("orthogonal", 1.0),
}
