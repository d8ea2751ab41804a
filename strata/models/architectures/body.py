"""Body of a network: its layers before the last one, which pretraining and transfer keep."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from strata.errors import InputError
from strata.models.architectures.builder import Network
from strata.models.architectures.dropout import Dropout


def body_layers(network: Network) -> list[tuple[str, Callable[[Tensor], Tensor]]]:
    """The body's layers by name, in the order of computation.

    Names as in `named_layers`: "block1", "block2", ...; "pool", the head's, a function without
    weights; "hidden1", ... of the head, each with its dropout, activation and normalization.
    """
    blocks = [(f"block{i}", block) for i, block in enumerate(network.blocks, start=1)]
    linear = _linear_layers(network)
    starts = [i - 1 if i and isinstance(network.head[i - 1], Dropout) else i for i in linear]
    hidden = [(f"hidden{i}", network.head[a:b]) for i, (a, b) in enumerate(pairwise(starts), 1)]
    return [*blocks, ("pool", network.pool), *hidden]


def copy_body(network: Network, state: Mapping[str, Any]) -> None:
    """Copy a body's weights and standardization from another network's state_dict, in place.

    Raises:
        InputError: the bodies have other layers, or layers of another shape; names the first one.
    """
    own, source = _of_body(network, network.state_dict()), _of_body(network, state)
    shapes, found = ({n: tuple(v.shape) for n, v in s.items()} for s in (own, source))
    if shapes != found:
        name = next(n for n in {**shapes, **found} if shapes.get(n) != found.get(n))
        raise InputError(
            f"The network to start from has another architecture: {name} has the shape "
            f"{found.get(name, 'none')} there, and {shapes.get(name, 'none')} here.",
            "Take the same architecture, and images of the same size, for both.",
        )
    network.load_state_dict({n: torch.as_tensor(v) for n, v in source.items()}, strict=False)


def freeze_body(network: Network, frozen: bool) -> None:
    """Keep the body's weights as they are, or let them be trained again.

    Moving statistics of normalizations go on following the images, and dropout goes on.
    """
    for parameter in _of_body(network, dict(network.named_parameters())).values():
        parameter.requires_grad_(not frozen)


def _of_body(network: Network, state: Mapping[str, Any]) -> dict[str, Any]:
    """Entries of a state_dict without those of the last layer and of auxiliary heads."""
    others = (f"head.{_linear_layers(network)[-1]}.", "auxiliary.")
    return {name: value for name, value in state.items() if not name.startswith(others)}


def _linear_layers(network: Network) -> list[int]:
    """Places of the head's linear layers."""
    return [i for i, module in enumerate(network.head) if isinstance(module, nn.Linear)]
