"""Statistics of activations, parameters and gradients during training, measured on one batch."""

from collections.abc import Iterator, Sequence
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
#: Range of the bins of parameter histograms, as many as those of activations; likewise.
PARAMETER_RANGE = (-1.0, 1.0)
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
    - "zeros/LAYER": share of activations that are exactly zero;
    - "activation_histogram/LAYER": list of the share of activations in each bin between
      `HISTOGRAM_EDGES`;
    - "parameter_histogram/LAYER": list of the share of the layer's parameters in each of 40 bins
      of equal width over `PARAMETER_RANGE`, before the step;
    - "gradient_norm/LAYER": Euclidean norm of the loss's gradient for the layer's parameters,
      for each block, each hidden layer and the last linear one ("scores"), which have
      parameter histograms too.

    Activations are those of the batch's first images, as many as give `VALUES_PER_UNIT` values
    of each unit.
    """
    statistics: dict[str, tuple[Tensor, Tensor]] = {}
    hooks = [
        module.register_forward_hook(_recorder(statistics, name))
        for name, module in activation_modules(network).items()
    ]
    parameters = layer_parameters(network)
    found: Diagnostics = {
        f"parameter_histogram/{name}": _shares(_counts(own, *PARAMETER_RANGE))
        for name, own in parameters.items()
        if own
    }
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()
    for name, (moments, counts) in statistics.items():
        mean, deviation, dead, zeros = moments.tolist()
        found[f"activation_histogram/{name}"] = _shares(counts)
        found[f"activation_mean/{name}"] = mean
        found[f"activation_std/{name}"] = deviation
        found[f"dead_units/{name}"] = dead
        found[f"zeros/{name}"] = zeros
    for name, own in parameters.items():
        gradients = [p.grad for p in own if p.grad is not None]
        if gradients:
            found[f"gradient_norm/{name}"] = torch.nn.utils.get_total_norm(gradients).item()


def _recorder(statistics: dict[str, tuple[Tensor, Tensor]], name: str) -> Any:
    @torch.no_grad()
    def record(module: Any, inputs: Any, output: Tensor) -> None:
        axes = [0, *range(2, output.dim())]
        images = VALUES_PER_UNIT // output[0, 0].numel()
        values = output[: max(images, MIN_IMAGES)].float()
        dead = (values.amax(axes) == values.amin(axes)).float().mean()
        deviation, mean = torch.std_mean(values)
        zeros = (values == 0).float().mean()
        counts = _counts([values], HISTOGRAM_EDGES[0], HISTOGRAM_EDGES[-1])
        statistics[name] = torch.stack([mean, deviation, dead, zeros]), counts

    return record


@torch.no_grad()
def _counts(tensors: Sequence[Tensor], low: float, high: float) -> Tensor:
    """Values of all tensors in each bin; those beyond count in the outer bins."""
    bins = len(HISTOGRAM_EDGES) - 1
    counts = [torch.histc(t.float().clamp(low, high), bins, low, high) for t in tensors]
    return torch.stack(counts).sum(0)


def _shares(counts: Tensor) -> list[float]:
    return [round(share, 4) for share in (counts / counts.sum().clamp(min=1)).tolist()]
