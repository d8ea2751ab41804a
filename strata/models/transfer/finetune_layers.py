"""Layer table of a pretrained network: its frozen part, its trained part, its new head."""

from collections.abc import Sequence

import torch

from strata.models.architectures.flops import LayerCost, layer_rows
from strata.models.architectures.receptive_field import Field
from strata.models.transfer.backbones import preprocessing, skeleton
from strata.models.transfer.subgraph import IMAGES, extract_subgraph, global_pool


def finetune_layers(
    backbone: str,
    freeze_until: str,
    ends: Sequence[str],
    *,
    num_classes: int,
    image_size: int | None = None,
    head: bool = True,
) -> list[LayerCost]:
    """Layers in the order of computation, counted on torch's meta device: nothing is computed.

    Args:
        backbone: a classification network of torchvision.
        freeze_until: boundary node: layers up to it are frozen, later ones are trained.
        ends: nodes whose pooled outputs are inputs of the head.
        num_classes: number of class scores.
        image_size: width and height of the images, pixels; None: what the network was made for.
        head: whether there is a new head, one linear layer; False: of a network that only describes
            images.

    Raises:
        InputError: no such network or node.
    """
    size = image_size or preprocessing(backbone).image_size
    network, side = skeleton(backbone).to("meta").eval(), (size, size)
    if hasattr(network, "transform_input"):  # scales channels; its slices are no maps to follow
        network.transform_input = False
    images = torch.empty(1, 3, size, size, device="meta")
    before = extract_subgraph(network, IMAGES, [freeze_until])
    frozen, (boundary,), field = layer_rows(before, images, Field(), side, trainable=False)
    after = extract_subgraph(network, freeze_until, ends)
    trained, outputs, _ = layer_rows(after, boundary, field, side)
    rows = [*frozen, *trained]
    if head:
        width = sum(global_pool(output).shape[1] for output in outputs)
        weights = (width + 1) * num_classes
        shape = (num_classes,)
        rows.append(
            LayerCost("head", "Linear", shape, (), weights, weights, 0, width * num_classes, side)
        )
    return rows
