"""What a part of one of torchvision's networks costs, counted without computing."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from strata.errors import InputError
from strata.models.transfer.backbones import preparation, skeleton
from strata.models.transfer.subgraph import IMAGES, section


class PartCost(NamedTuple):
    """What a part of a network costs.

    Attributes:
        parameters: numbers that training adjusts.
        scales: those among them that scale a normalized channel. Keras's Inception has none: the
            paper's counts leave them out (its trainable numbers are `parameters - scales`, its
            totals `parameters - scales + statistics`).
        statistics: moving means and variances of batch normalizations.
        multiply_adds: for one image.
        outputs: shape of each output for one image.
    """

    parameters: int
    scales: int
    statistics: int
    multiply_adds: int
    outputs: tuple[tuple[int, ...], ...]


def part_cost(name: str, begin: str, ends: Sequence[str], side: int | None = None) -> PartCost:
    """Count a part of a network (as of `section`) for images of `side` pixels, without computing.

    Multiply-adds are those of convolutions, linear layers and attention, as torchvision counts.

    Raises:
        InputError: no such network or node; images of that size do not pass through.
    """
    return _part_cost(name, begin, tuple(ends), side)


@cache
def _part_cost(name: str, begin: str, ends: tuple[str, ...], side: int | None) -> PartCost:
    network = skeleton(name).to("meta")
    side = side or preparation(name).side
    images = torch.empty(1, 3, side, side, device="meta")
    before, part = section(network, IMAGES, [begin]), section(network, begin, ends)
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            (given,) = before(images)
            earlier = counter.get_total_flops()
            outputs = part(given)
    except (RuntimeError, AssertionError) as error:
        made_for = preparation(name).side
        raise InputError(
            f"Images of {side} pixels do not pass through {name}, which was made for {made_for}: "
            f"{error}",
            f"Images of any size are brought to the side that is set: leave it at {made_for}.",
        ) from error
    norms = [m for m in part.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    return PartCost(
        sum(p.numel() for p in part.parameters()),
        sum(m.weight.numel() for m in norms if m.weight is not None),
        sum(b.numel() for m in norms for b in m.buffers() if b.ndim),
        (counter.get_total_flops() - earlier) // 2,
        tuple(tuple(o.shape[1:]) for o in outputs),
    )
