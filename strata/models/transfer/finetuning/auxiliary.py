"""Auxiliary classifiers of Inception-v3 and GoogLeNet: further heads on earlier nodes, in training.

Szegedy et al., "Going deeper with convolutions" (CVPR 2015) and "Rethinking the Inception
architecture" (CVPR 2016), section 4.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torchvision.models.googlenet import InceptionAux as GoogLeNetAux
from torchvision.models.inception import InceptionAux

from strata.errors import InputError, nearest
from strata.models.architectures.dropout import replace_dropout
from strata.models.architectures.normalization import replace_batch_norm
from strata.models.transfer.finetuning.finetune_module import FineTuneModule
from strata.models.transfer.subgraph import IMAGES, node_names
from strata.seeds import derive


class AuxiliaryNode(NamedTuple):
    """Place of an auxiliary classifier in a network."""

    name: str  #: of the classifier, torchvision's
    node: str  #: whose output it takes
    channels: int  #: of that output
    min_size: int  #: smallest width and height of that output that it can take
    image_size: int  #: images of this size have them


#: Networks that have auxiliary classifiers.
AUXILIARY: dict[str, tuple[AuxiliaryNode, ...]] = {
    "inception_v3": (AuxiliaryNode("AuxLogits", "Mixed_6e", 768, 17, 299),),
    "googlenet": (
        AuxiliaryNode("aux1", "inception4a", 512, 1, 224),
        AuxiliaryNode("aux2", "inception4d", 528, 1, 224),
    ),
}


#: Their layers by name, and the standard deviation of initial weights where a layer has no own.
_LAYERS: dict[str, tuple[type[nn.Module], float]] = {
    "AuxLogits": (InceptionAux, 0.1),
    "aux1": (GoogLeNetAux, 0.01),
    "aux2": (GoogLeNetAux, 0.01),
}


class AuxiliaryHead(nn.Module):
    """A network's auxiliary classifier for new classes: maps (b, channels, h, w) to class scores.

    Args:
        place: of the classifier.
        num_classes: number of class scores.
        seed: of the initial weights, which are drawn as torchvision draws them (truncated normal);
            torch's global generator is not touched.
    """

    def __init__(self, place: AuxiliaryNode, num_classes: int, seed: int) -> None:
        super().__init__()
        self.place = place
        layers, deviation = _LAYERS[place.name]
        with torch.random.fork_rng(devices=[]):
            self.layers = layers(place.channels, num_classes)
        generator = torch.Generator().manual_seed(seed)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                own = float(getattr(module, "stddev", deviation))
                nn.init.trunc_normal_(module.weight, 0.0, own, generator=generator)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                bound = 1 / math.sqrt(module.in_features)
                nn.init.uniform_(module.bias, -bound, bound, generator=generator)
        replace_batch_norm(self)
        replace_dropout(self)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores before the softmax.

        Raises:
            InputError: the map is too small.
        """
        least = self.place.min_size
        if min(x.shape[2:]) < least:
            raise InputError(
                f"The auxiliary classifier needs maps of {least} x {least} at {self.place.node}, "
                f"not {x.shape[2]} x {x.shape[3]}.",
                f"Images of {self.place.image_size} pixels have them. Or set aux_weight = 0.",
            )
        scores: Tensor = self.layers(x)
        return scores


def add_auxiliary_heads(
    module: FineTuneModule, places: Sequence[AuxiliaryNode], weight: float, random_state: int
) -> None:
    """Give a fine-tuning module its auxiliary heads, in place.

    Args:
        module: whose subgraph ends in the nodes of `places` too, in their order.
        places: of the heads.
        weight: of each one's loss.
        random_state: seed of their initial weights.
    """
    for number, place in enumerate(places):
        # the first has the seed of the only one
        seed = derive(random_state, "auxiliary", *([number] if number else []))
        module.auxiliary[place.name] = AuxiliaryHead(place, module.num_classes, seed)
    module.auxiliary_weight = weight


def auxiliary_places(
    backbone: str, freeze_until: str, output_node: str
) -> tuple[AuxiliaryNode, ...]:
    """The auxiliary classifiers of a network whose inputs lie in its trained part.

    Raises:
        InputError: another network or no node of it; none lies after `freeze_until` and before
            `output_node`.
    """
    if backbone not in AUXILIARY:
        raise InputError(
            f"{backbone} has no auxiliary classifier here, only {' and '.join(AUXILIARY)}.",
            "Set aux_weight = 0.",
        )
    order = [IMAGES, *node_names(backbone)]
    for node in (freeze_until, output_node):
        if node not in order:
            raise InputError(f"The network has no node '{node}'.", nearest(node, order))
    first, last = order.index(freeze_until), order.index(output_node)
    found = tuple(p for p in AUXILIARY[backbone] if first < order.index(p.node) < last)
    if not found:
        nodes = ", ".join(place.node for place in AUXILIARY[backbone])
        raise InputError(
            f"The auxiliary classifier's input, {nodes}, is not in the trained part, "
            f"after '{freeze_until}' and before '{output_node}'.",
            "Set an earlier freeze_until and a later output_node, or aux_weight = 0.",
        )
    return found
