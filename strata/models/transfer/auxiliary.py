"""Inception's auxiliary classifier: a second head, earlier in the network, for training only.

Szegedy et al., "Rethinking the Inception architecture" (CVPR 2016), section 4.
"""

import math

import torch
from torch import Tensor, nn
from torchvision.models.inception import InceptionAux

from strata.errors import InputError, nearest
from strata.models.architectures.normalization import own_batch_norm
from strata.models.transfer.subgraph import IMAGES, nodes

#: The network that has one, the node whose output it looks at, and that map's channels and side.
BACKBONE, NODE, CHANNELS, SIDE = "inception_v3", "Mixed_6e", 768, 17


class AuxiliaryHead(InceptionAux):
    """Maps (b, 768, h, w) at `NODE`, h and w from 17 on -> class scores (b, classes).

    Args:
        classes: number of class scores.
        seed: of the initial weights, which are drawn as torchvision draws them (truncated normal
            numbers); torch's global generator is not touched.
    """

    def __init__(self, classes: int, seed: int) -> None:
        with torch.random.fork_rng(devices=[]):
            super().__init__(CHANNELS, classes)
        generator = torch.Generator().manual_seed(seed)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                deviation = float(getattr(module, "stddev", 0.1))
                nn.init.trunc_normal_(module.weight, 0.0, deviation, generator=generator)
        bound = 1 / math.sqrt(self.fc.in_features)
        nn.init.uniform_(self.fc.bias, -bound, bound, generator=generator)
        own_batch_norm(self)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores before the softmax.

        Raises:
            InputError: the map is too small.
        """
        if min(x.shape[2:]) < SIDE:
            raise InputError(
                f"The auxiliary classifier needs maps of {SIDE} x {SIDE} places at {NODE}, "
                f"not {x.shape[2]} x {x.shape[3]}.",
                "Images of 299 pixels have them. Or set auxiliary = 0.",
            )
        scores: Tensor = super().forward(x)
        return scores


def check_place(backbone: str, border: str, cut: str) -> None:
    """Whether an auxiliary classifier teaches the part between two nodes anything.

    Raises:
        InputError: another network or no node of it; its node is not after the border and before
            the cut.
    """
    if backbone != BACKBONE:
        raise InputError(
            f"{backbone} has no auxiliary classifier here, only {BACKBONE}.", "Set auxiliary = 0."
        )
    order = [IMAGES, *nodes(backbone)]
    for place in (border, cut):
        if place not in order:
            raise InputError(f"The network has no node '{place}'.", nearest(place, order))
    if not order.index(border) < order.index(NODE) < order.index(cut):
        raise InputError(
            f"The auxiliary classifier looks at {NODE}, which is not among what learns, "
            f"after '{border}' and before '{cut}'.",
            "Open an earlier block and keep a later one, or set auxiliary = 0.",
        )
