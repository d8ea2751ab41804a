"""Cost of a subgraph of torchvision's networks, counted on torch's meta device."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from strata.errors import InputError
from strata.models.architectures.flops import moving_statistics
from strata.models.transfer.backbones import outline, preprocessing
from strata.models.transfer.canonical_subgraph import output_layout
from strata.models.transfer.subgraph import IMAGES, extract_subgraph, global_pool


class SubgraphCost(NamedTuple):
    """Cost of a subgraph.

    Attributes:
        parameters: number of trainable weights.
        scales: those among them that are scales (gamma) of batch normalizations. Keras's Inception
            has none: the paper's counts leave them out (its trainable parameters are
            `parameters - scales`, its totals `parameters - scales + statistics`).
        statistics: moving means and variances of batch normalizations.
        multiply_adds: for one image.
        outputs: shape of each output for one image: (channels, h, w), (tokens, channels) or
            (channels,), whatever the network's layout.
    """

    parameters: int
    scales: int
    statistics: int
    multiply_adds: int
    outputs: tuple[tuple[int, ...], ...]


def subgraph_cost(
    backbone: str, begin: str, ends: Sequence[str], image_size: int | None = None
) -> SubgraphCost:
    """Count a subgraph's parameters and multiply-adds without computing it.

    Multiply-adds are those of convolutions, linear layers and attention, as torchvision counts.

    Args:
        backbone: a classification network of torchvision.
        begin, ends: nodes as in `subgraph.extract_subgraph`.
        image_size: width and height of the images, pixels; None: what the network was made for.

    Raises:
        InputError: no such network or node; images of that size do not pass through; an end whose
            output does not belong to an image, as that of windows inside Swin's blocks.
    """
    return _subgraph_cost(backbone, begin, tuple(ends), image_size)


def output_widths(backbone: str, nodes: Sequence[str]) -> list[int]:
    """Length of each node's output after global average pooling."""
    cost = subgraph_cost(backbone, IMAGES, nodes)
    return [global_pool(torch.empty(1, *shape, device="meta")).shape[1] for shape in cost.outputs]


@cache
def _subgraph_cost(
    backbone: str, begin: str, ends: tuple[str, ...], image_size: int | None
) -> SubgraphCost:
    network = outline(backbone, image_size).requires_grad_(False)
    expected = preprocessing(backbone).image_size
    image_size = image_size or expected
    images = torch.empty(1, 3, image_size, image_size, device="meta")
    subgraph = extract_subgraph(network, begin, ends)
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            inputs = images
            if begin != IMAGES:
                (inputs,) = extract_subgraph(network, IMAGES, [begin])(images)
            flops_before = counter.get_total_flops()
            outputs = subgraph(inputs)
    except (RuntimeError, AssertionError) as error:
        raise InputError(
            f"Images of {image_size} pixels do not pass through {backbone}, which was made for "
            f"{expected}: {error}",
            f"Images of any size are resized to image_size: leave it at {expected}.",
        ) from error
    layouts = [output_layout(backbone, end, image_size) for end in ends]
    norms = [m for m in subgraph.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    return SubgraphCost(
        sum(p.numel() for p in subgraph.parameters()),
        sum(m.weight.numel() for m in norms if m.weight is not None),
        sum(map(moving_statistics, norms)),
        (counter.get_total_flops() - flops_before) // 2,
        tuple(
            tuple(output.permute(layout.order).shape[1:])
            for output, layout in zip(outputs, layouts, strict=True)
        ),
    )
