"""The last nodes of a network, at the ends of its blocks, for features of several depths."""

from collections import Counter

from torch import nn

from strata.errors import InputError
from strata.models.transfer.backbones import outline
from strata.models.transfer.subgraph import node_names, penultimate_node

#: Share of a container's layers above which the blocks are those inside one child.
_MOST = 0.8


def feature_nodes(backbone: str, nodes: tuple[str, ...] | int) -> tuple[str, ...]:
    """Nodes by name: those named, as many of `last_nodes`, or for () the one before the last layer.

    Raises:
        InputError: there are fewer.
    """
    if isinstance(nodes, int):
        return last_nodes(backbone, nodes)
    return tuple(nodes) or (penultimate_node(backbone),)


def last_nodes(backbone: str, count: int) -> tuple[str, ...]:
    """The node before the last layer, and the ends of the last blocks before it, in their order.

    Blocks are the children of the module that nearly all layers with weights lie in: `blocks.0`,
    ... of EfficientNet and of transformers, `layer1`, ... of ResNet, `Mixed_5b`, ... of Inception.
    Those of a single layer (stems, downsampling) are left out where others have more. So is the
    last block if its pooled output is the node before the last layer.

    Raises:
        InputError: there are fewer.
    """
    last = penultimate_node(backbone)
    names = node_names(backbone)
    layers = _layers(outline(backbone), names[: names.index(last) + 1])
    inside = _blocks_module(layers)
    sizes = Counter(_child(layer, inside) for layer in layers if layer.startswith(inside))
    blocks = [name for name, size in sizes.items() if size > 1] or list(sizes)
    if _child(layers[-1], inside) == blocks[-1]:
        blocks.pop()
    if count > len(blocks) + 1:
        raise InputError(
            f"nodes = {count}: {backbone} has {len(blocks) + 1} at the ends of its blocks.",
            "Take fewer, or name the nodes.",
        )
    return (*blocks[len(blocks) - count + 1 :], last)


def _layers(network: nn.Module, names: list[str]) -> list[str]:
    """Those of the nodes that are modules with weights: convolutional, linear, attention."""
    owners = {
        name.rpartition(".")[0]
        for name, tensor in network.named_parameters()
        if name.endswith("weight") and tensor.ndim > 1
    }
    return [name for name in names if name in owners]


def _blocks_module(layers: list[str]) -> str:
    """Prefix of the names of the module whose children are the blocks; "" for the network."""
    inside = ""
    while True:
        sizes = Counter(_child(layer, inside) for layer in layers if layer.startswith(inside))
        (child, size), *_ = sizes.most_common(1)
        if size <= _MOST * len(layers) or child in layers:
            return inside
        inside = f"{child}."


def _child(layer: str, inside: str) -> str:
    """The child of a module that a layer inside it belongs to."""
    return inside + layer.removeprefix(inside).partition(".")[0]
