"""What goes on inside a network while it learns, measured on one batch."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from strata.models.architectures.builder import Network
from strata.models.architectures.named_layers import activations, weights

Inside = dict[str, Any]

#: Bins of activation histograms: their edges; the outer ones hold all that lies beyond.
HISTOGRAM_EDGES = tuple(np.linspace(-4.0, 6.0, 41).tolist())
#: Values of a unit that are looked at: of large maps, a few images of the batch will do.
VALUES, FEWEST = 4096, 8


@contextmanager
def watching(network: Network) -> Iterator[Inside]:
    """Watch the forward and backward passes of one batch inside the block.

    The dict is filled when the block ends, with for each layer (names as in `layers`):

    - "activation_mean/LAYER", "activation_deviation/LAYER": over images, places and units;
    - "dead_units/LAYER": share of units (channels) that gave one and the same value for every
      image and place, such as rectifiers that never open;
    - "activation_histogram/LAYER": list of the share of activations in each bin between
      `HISTOGRAM_EDGES`;
    - "gradient_norm/LAYER": Euclidean norm of the loss's gradient for the layer's parameters,
      for each block, each hidden layer and the last linear one ("scores").

    Activations are those of the batch's first images, as many as give `VALUES` of each unit.
    """
    seen: dict[str, tuple[Tensor, Tensor]] = {}
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
    for name, (figures, counts) in seen.items():
        mean, deviation, dead = figures.tolist()
        shares = (counts / counts.sum().clamp(min=1)).tolist()
        inside[f"activation_histogram/{name}"] = [round(share, 4) for share in shares]
        inside[f"activation_mean/{name}"] = mean
        inside[f"activation_deviation/{name}"] = deviation
        inside[f"dead_units/{name}"] = dead
    for name, parameters in weights(network).items():
        gradients = [p.grad for p in parameters if p.grad is not None]
        if gradients:
            inside[f"gradient_norm/{name}"] = torch.nn.utils.get_total_norm(gradients).item()


def _recorder(seen: dict[str, tuple[Tensor, Tensor]], name: str) -> Any:
    low, high, bins = HISTOGRAM_EDGES[0], HISTOGRAM_EDGES[-1], len(HISTOGRAM_EDGES) - 1

    @torch.no_grad()
    def record(module: Any, inputs: Any, output: Tensor) -> None:
        places = [0, *range(2, output.dim())]
        enough = VALUES // output[0, 0].numel()
        values = output[: max(enough, FEWEST)].float()
        dead = (values.amax(places) == values.amin(places)).float().mean()
        deviation, mean = torch.std_mean(values)
        counts = torch.histc(values.clamp(low, high), bins, low, high)
        seen[name] = torch.stack([mean, deviation, dead]), counts

    return record
