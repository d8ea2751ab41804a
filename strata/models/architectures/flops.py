"""What a network costs: parameters and multiply-adds, layer by layer."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from strata.models.architectures.architecture import Architecture
from strata.models.architectures.builder import build


class LayerCost(NamedTuple):
    """One layer of the cost table."""

    name: str
    kind: str
    output: tuple[int, ...]  #: shape for one image
    parameters: int  #: adjusted by training
    statistics: int  #: kept beside them: moving means and variances of a normalization
    multiply_adds: int  #: for one image


def cost_table(
    architecture: str | Architecture | Mapping[str, Any], *, side: int, classes: int
) -> list[LayerCost]:
    """The layers that have parameters, in the order in which an image passes them.

    Multiply-adds count convolutions and linear layers, one for each weight applied; biases,
    normalizations and activations are not counted, as is usual; nor are auxiliary heads, which
    only serve training. One empty image passes through the network.

    Raises:
        InputError: a description that no network can be built from.
    """
    network = build(architecture, side=side, classes=classes).eval()
    rows: list[LayerCost] = []
    for name, module in network.named_modules():
        if next(module.parameters(recurse=False), None) is not None:
            module.register_forward_hook(_recorder(rows, name))
    with torch.no_grad():
        network(torch.zeros(1, 3, side, side))
    return rows


def _recorder(rows: list[LayerCost], name: str) -> Any:
    def record(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        parameters = sum(p.numel() for p in module.parameters(recurse=False))
        statistics = sum(b.numel() for b in module.buffers(recurse=False) if b.ndim)
        applied = 0
        if isinstance(module, nn.Conv2d):
            applied = module.weight.numel() * output.shape[2] * output.shape[3]
        elif isinstance(module, nn.Linear):
            applied = module.weight.numel()
        kind = type(module).__name__
        shape = tuple(output.shape[1:])
        rows.append(LayerCost(name, kind, shape, parameters, statistics, applied))

    return record


def count_parameters(network: nn.Module) -> int:
    """Numbers that training adjusts (moving statistics of normalizations are not among them)."""
    return sum(p.numel() for p in network.parameters())
