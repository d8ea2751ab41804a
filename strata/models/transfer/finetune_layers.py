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
    train: bool = True,
) -> list[LayerCost]:
    """Layers in the order of computation, counted on torch's meta device: nothing is computed.

    Args:
        backbone: a classification network of torchvision.
        freeze_until: boundary node: layers up to it are frozen.
        ends: nodes whose pooled outputs are inputs of the head.
        num_classes: number of class scores; 0: no head, of a network that only describes images.
        image_size: width and height of the images, pixels; None: what the network was made for.
        train: True where the layers after the boundary are trained, False where only the head is.

    Raises:
        InputError: no such network or node.
    """
    size = image_size or preprocessing(backbone).image_size
    network, side = skeleton(backbone).to("meta").eval(), (size, size)
    if "transform_input" in vars(network):  # scales channels; its slices are no maps to follow
        vars(network)["transform_input"] = False
    images = torch.empty(1, 3, size, size, device="meta")
    before = extract_subgraph(network, IMAGES, [freeze_until])
    frozen, (boundary,), field = layer_rows(before, images, Field(), side, trainable=False)
    after = extract_subgraph(network, freeze_until, ends)
    trained, outputs, _ = layer_rows(after, boundary, field, side, train)
    rows = [*frozen, *trained]
    if num_classes:
        width = sum(global_pool(output).shape[1] for output in outputs)
        weights = (width + 1) * num_classes
        shape = (num_classes,)
        rows.append(
            LayerCost("head", "Linear", shape, (), weights, weights, 0, width * num_classes, side)
        )
    return rows
