"""Feature maps of pretrained networks as local descriptors."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Literal

from strata.parameter_types import Device, PositiveInt
from strata.pipeline.graph.decorators import shard_stage, step
from strata.pipeline.graph.inputs import ImageShard
from strata.pipeline.graph.stage import Sharded
from strata.pipeline.stages.pretrained import pretrained, state_of, weights_file
from strata.pipeline.stages.serialize import serialize_float16

#: Images that pass through the network at once.
BATCH = 16


@step
def deep_descriptors(
    images: Sequence[ImageShard],
    *,
    backbone: str = "squeezenet1_1",
    weights: str = "",
    node: str = "",
    image_size: PositiveInt | None = None,
    norm: Literal["none", "l2"] = "l2",
    device: Device = "auto",
) -> Sharded:
    """Feature map of a pretrained network as dense local descriptors, one per place.

    Of tokens of a vision transformer, those of the patches are taken.

    Cimpoi, Maji and Vedaldi, "Deep filter banks for texture recognition and segmentation" (CVPR
    2015).

    Args:
        backbone: network of torchvision or timm, see docs/transfer.md.
        weights: file of its weights; "": looked for, else downloaded.
        node: name of the node whose output is the map; "": the one before the network's own last
            layer.
        image_size: side of the square that images are resized to, pixels; larger ones give more
            places. None: what the network was trained on.
        norm: "l2": each descriptor to length 1; "none".
        device: "auto", "cpu", "cuda" or "mps".
    """
    network = pretrained(weights_file(backbone, weights), backbone=backbone)
    return feature_map_descriptors(
        images, network, node=node, image_size=image_size, norm=norm, device=device
    )


@shard_stage(
    role="local descriptors",
    features="learned",
    accelerator=True,
)
def feature_map_descriptors(
    images: ImageShard,
    network: Mapping[str, Any],
    *,
    node: str = "",
    image_size: PositiveInt | None = None,
    norm: Literal["none", "l2"] = "l2",
    device: Device = "auto",
) -> dict[str, Any]:
    """Local descriptors of each image, float16; parameters as of `deep_descriptors`."""
    from strata.features.descriptors import feature_map
    from strata.models.runtime.devices import choose_device
    from strata.models.training.resize import resize_images
    from strata.models.transfer.finetuning.boundary import feature_maps
    from strata.models.transfer.frozen_backbone import FrozenBackbone, in_batches
    from strata.models.transfer.subgraph import IMAGES, penultimate_node
    from strata.models.transfer.subgraph_flops import subgraph_cost

    place = node or penultimate_node(network["backbone"])
    cost = subgraph_cost(network["backbone"], IMAGES, [place], image_size)
    frozen = FrozenBackbone(network["backbone"], [place], state_of(network), image_size)
    pixels = (resize_images(batch, frozen.image_size) for batch in in_batches(images, BATCH))
    maps = chain.from_iterable(feature_maps(frozen, pixels, choose_device(device)))
    local = serialize_float16(
        feature_map.feature_map_descriptors(found, frozen.image_size, norm) for found in maps
    )
    return {
        **local,
        "parameters": cost.parameters,
        "trainable_parameters": 0,
        "frozen_parameters": cost.parameters,
        "multiply_adds": cost.multiply_adds,
    }
