"""Statistics of activations and gradients during training, measured on one batch."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from strata.models.architectures.builder import Network
from strata.models.architectures.named_layers import activation_modules, layer_parameters

Diagnostics = dict[str, Any]

#: Edges of the bins of activation histograms; the outer bins hold all values beyond.
HISTOGRAM_EDGES = tuple(np.linspace(-4.0, 6.0, 41).tolist())
#: Activations of a unit that the statistics are taken from, and images of the batch at least: for
#: large maps, a few images are enough.
VALUES_PER_UNIT, MIN_IMAGES = 4096, 8


@contextmanager
def record_diagnostics(network: Network) -> Iterator[Diagnostics]:
    """Record the forward and backward pass of one batch inside the block.

    The dict is filled when the block ends. Keys, for each layer (names as in `named_layers`):

    - "activation_mean/LAYER", "activation_std/LAYER": mean and standard deviation over
      images, positions and units;
    - "dead_units/LAYER": share of units (channels) with the same value for every image and
      position, such as ReLUs that are always zero;
    - "activation_histogram/LAYER": list of the share of activations in each bin between
      `HISTOGRAM_EDGES`;
    - "gradient_norm/LAYER": Euclidean norm of the loss's gradient for the layer's parameters,
      for each block, each hidden layer and the last linear one ("scores").

    Activations are those of the batch's first images, as many as give `VALUES_PER_UNIT` values
    of each unit.
    """
    statistics: dict[str, tuple[Tensor, Tensor]] = {}
    hooks = [
        module.register_forward_hook(_recorder(statistics, name))
        for name, module in activation_modules(network).items()
    ]
    found: Diagnostics = {}
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()
    for name, (moments, counts) in statistics.items():
        mean, deviation, dead = moments.tolist()
        shares = (counts / counts.sum().clamp(min=1)).tolist()
        found[f"activation_histogram/{name}"] = [round(share, 4) for share in shares]
        found[f"activation_mean/{name}"] = mean
        found[f"activation_std/{name}"] = deviation
        found[f"dead_units/{name}"] = dead
    for name, parameters in layer_parameters(network).items():
        gradients = [p.grad for p in parameters if p.grad is not None]
        if gradients:
            found[f"gradient_norm/{name}"] = torch.nn.utils.get_total_norm(gradients).item()


def _recorder(statistics: dict[str, tuple[Tensor, Tensor]], name: str) -> Any:
    low, high, bins = HISTOGRAM_EDGES[0], HISTOGRAM_EDGES[-1], len(HISTOGRAM_EDGES) - 1

    @torch.no_grad()
    def record(module: Any, inputs: Any, output: Tensor) -> None:
        axes = [0, *range(2, output.dim())]
        images = VALUES_PER_UNIT // output[0, 0].numel()
        values = output[: max(images, MIN_IMAGES)].float()
        dead = (values.amax(axes) == values.amin(axes)).float().mean()
        deviation, mean = torch.std_mean(values)
        counts = torch.histc(values.clamp(low, high), bins, low, high)
        statistics[name] = torch.stack([mean, deviation, dead]), counts

    return record
