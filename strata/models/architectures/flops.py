"""Cost of a network layer by layer: parameters and multiply-adds."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from strata.models.architectures.architecture import Architecture
from strata.models.architectures.builder import build


class LayerCost(NamedTuple):
    """One row of the cost table."""

    name: str
    kind: str
    output: tuple[int, ...]  #: shape for one image
    parameters: int  #: trainable
    statistics: int  #: moving means and variances of a normalization, which are not trained
    multiply_adds: int  #: for one image


def cost_table(
    architecture: str | Architecture | Mapping[str, Any], *, image_size: int, num_classes: int
) -> list[LayerCost]:
    """The layers that have parameters, in the order of computation.

    Multiply-adds count convolutions and linear layers, one for each weight applied; biases,
    normalizations and activations are not counted, as is usual; nor are auxiliary heads, which
    are used in training only. One empty image passes through the network.

    Args:
        architecture: an `Architecture`, or its name or description.
        image_size: width and height of the input, pixels.
        num_classes: number of class scores.

    Raises:
        InputError: a description that no network can be built from.
    """
    network = build(architecture, image_size=image_size, num_classes=num_classes).eval()
    rows: list[LayerCost] = []
    for name, module in network.named_modules():
        if next(module.parameters(recurse=False), None) is not None:
            module.register_forward_hook(_recorder(rows, name))
    with torch.no_grad():
        network(torch.zeros(1, 3, image_size, image_size))
    return rows


def _recorder(rows: list[LayerCost], name: str) -> Any:
    def record(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        parameters = sum(p.numel() for p in module.parameters(recurse=False))
        applied = 0
        if isinstance(module, nn.Conv2d):
            applied = module.weight.numel() * output.shape[2] * output.shape[3]
        elif isinstance(module, nn.Linear):
            applied = module.weight.numel()
        kind = type(module).__name__
        shape = tuple(output.shape[1:])
        rows.append(LayerCost(name, kind, shape, parameters, moving_statistics(module), applied))

    return record


def moving_statistics(module: nn.Module) -> int:
    """Number of moving means and variances that a normalization keeps; counters are not counted."""
    return sum(b.numel() for b in module.buffers(recurse=False) if b.ndim)
