"""What goes on inside a network while it learns, measured on one batch."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from strata.models.builder import Network
from strata.models.layers import activations, weights

Inside = dict[str, float]


@contextmanager
def watching(network: Network) -> Iterator[Inside]:
    """Watch the forward and backward passes of one batch inside the block.

    The dict is filled when the block ends, with for each layer (names as in `layers`):

    - "activation_mean/LAYER", "activation_deviation/LAYER": over the batch, places and units;
    - "dead_units/LAYER": share of units (channels) that gave one and the same value for every
      image and place, such as rectifiers that never open;
    - "gradient_norm/LAYER": Euclidean norm of the loss's gradient for the layer's parameters,
      for each block, each hidden layer and the last linear one ("scores").
    """
    seen: dict[str, Tensor] = {}
    hooks = [
        module.register_forward_hook(_recorder(seen, name))
        for name, module in activations(network).items()
    ]
    inside: Inside = {}
    try:
        yield inside
    finally:
        for hook in hooks:
            hook.remove()
    for name, (mean, deviation, dead) in ((n, s.tolist()) for n, s in seen.items()):
        inside[f"activation_mean/{name}"] = mean
        inside[f"activation_deviation/{name}"] = deviation
        inside[f"dead_units/{name}"] = dead
    for name, parameters in weights(network).items():
        gradients = [p.grad for p in parameters if p.grad is not None]
        if gradients:
            inside[f"gradient_norm/{name}"] = torch.nn.utils.get_total_norm(gradients).item()


def _recorder(seen: dict[str, Tensor], name: str) -> Any:
    @torch.no_grad()
    def record(module: Any, inputs: Any, output: Tensor) -> None:
        places = [0, *range(2, output.dim())]
        dead = (output.amax(places) == output.amin(places)).float().mean()
        deviation, mean = torch.std_mean(output.float())
        seen[name] = torch.stack([mean, deviation, dead])

    return record
