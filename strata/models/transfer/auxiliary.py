"""Inception-v3's auxiliary classifier: a second head on an earlier node, in training only.

Szegedy et al., "Rethinking the Inception architecture" (CVPR 2016), section 4.
"""

import math

import torch
from torch import Tensor, nn
from torchvision.models.inception import InceptionAux

from strata.errors import InputError, nearest
from strata.models.architectures.normalization import replace_batch_norm
from strata.models.transfer.subgraph import IMAGES, node_names

#: The network that has an auxiliary classifier, and the node whose output it takes.
BACKBONE, NODE = "inception_v3", "Mixed_6e"
#: Channels of that output, and its smallest width and height.
CHANNELS, MIN_SIZE = 768, 17


class AuxiliaryHead(InceptionAux):
    """Maps (b, 768, h, w) at `NODE`, h and w from 17 on, to class scores (b, classes).

    Args:
        num_classes: number of class scores.
        seed: of the initial weights, which are drawn as torchvision draws them (truncated normal);
            torch's global generator is not touched.
    """

    def __init__(self, num_classes: int, seed: int) -> None:
        with torch.random.fork_rng(devices=[]):
            super().__init__(CHANNELS, num_classes)
        generator = torch.Generator().manual_seed(seed)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                deviation = float(getattr(module, "stddev", 0.1))
                nn.init.trunc_normal_(module.weight, 0.0, deviation, generator=generator)
        bound = 1 / math.sqrt(self.fc.in_features)
        nn.init.uniform_(self.fc.bias, -bound, bound, generator=generator)
        replace_batch_norm(self)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores before the softmax.

        Raises:
            InputError: the map is too small.
        """
        if min(x.shape[2:]) < MIN_SIZE:
            raise InputError(
                f"The auxiliary classifier needs maps of {MIN_SIZE} x {MIN_SIZE} at {NODE}, "
                f"not {x.shape[2]} x {x.shape[3]}.",
                "Images of 299 pixels have them. Or set aux_weight = 0.",
            )
        scores: Tensor = super().forward(x)
        return scores


def check_auxiliary(backbone: str, freeze_until: str, output_node: str) -> None:
    """Check that an auxiliary classifier's node lies in the trained part of a network.

    Raises:
        InputError: another network or no node of it; `NODE` is not after `freeze_until` and before
            `output_node`.
    """
    if backbone != BACKBONE:
        raise InputError(
            f"{backbone} has no auxiliary classifier here, only {BACKBONE}.", "Set aux_weight = 0."
        )
    order = [IMAGES, *node_names(backbone)]
    for node in (freeze_until, output_node):
        if node not in order:
            raise InputError(f"The network has no node '{node}'.", nearest(node, order))
    if not order.index(freeze_until) < order.index(NODE) < order.index(output_node):
        raise InputError(
            f"The auxiliary classifier's input, {NODE}, is not in the trained part, "
            f"after '{freeze_until}' and before '{output_node}'.",
            "Set an earlier freeze_until and a later output_node, or aux_weight = 0.",
        )
