"""Subgraphs of pretrained networks whose input and outputs have one layout, whatever the network's.

Maps are (n, channels, h, w), tokens (n, tokens, channels), vectors (n, channels).
"""

from collections.abc import Mapping, Sequence

from torch import fx, nn

from strata.errors import InputError
from strata.models.transfer.backbones import preprocessing
from strata.models.transfer.output_layout import OutputLayout, backbone_layouts
from strata.models.transfer.subgraph import IMAGES, extract_subgraph, last_operation

#: Images, and whatever else has its channels on the second axis.
CHANNELS_FIRST = OutputLayout("map", 3, (0, 1, 2, 3))


def output_layout(backbone: str, node: str, image_size: int | None = None) -> OutputLayout:
    """Layout of a node's output.

    Args:
        backbone: name of the network.
        node: of `subgraph.node_names`, or `IMAGES`.
        image_size: width and height of the images, pixels; None: what the network was made for.

    Raises:
        InputError: no such network or node, or the node gives no map, tokens or vector.
    """
    if node == IMAGES:
        return CHANNELS_FIRST
    size = image_size or preprocessing(backbone).image_size
    layouts = backbone_layouts(backbone, size)
    if node not in layouts:  # a module's name stands for the last of its operations
        last = last_operation(backbone, node)
        if last not in layouts:
            raise InputError(
                f"'{node}' of {backbone} gives no map, tokens or vector for each image.",
                "Take the output of a whole block; subgraph.node_names lists nodes.",
            )
        node = last
    return layouts[node]


def canonical_subgraph(
    backbone: str,
    network: nn.Module,
    begin: str,
    ends: Sequence[str],
    image_size: int | None = None,
) -> fx.GraphModule:
    """`subgraph.extract_subgraph` with all layouts made the same; `meta["layout"]` of its nodes.

    Args:
        backbone: name of the network.
        network: as `backbones.build` or `backbones.skeleton` makes it.
        begin, ends: nodes.
        image_size: width and height of the images, pixels; None: what the network was made for.

    Raises:
        InputError: no such node; an end that depends on more than the output at `begin`; one of
            them gives no map, tokens or vector.
    """
    size = image_size or preprocessing(backbone).image_size
    first = output_layout(backbone, begin, size)
    last = [output_layout(backbone, end, size) for end in ends]
    subgraph = extract_subgraph(network, begin, ends)
    return with_layouts(subgraph, first, last, backbone_layouts(backbone, size))


def with_layouts(
    subgraph: fx.GraphModule,
    first: OutputLayout,
    last: Sequence[OutputLayout],
    layouts: Mapping[str, OutputLayout],
) -> fx.GraphModule:
    """Permute the axes of a subgraph's input and outputs; changes the subgraph.

    Args:
        subgraph: as `subgraph.extract_subgraph` makes it.
        first: layout in which the network has the input.
        last: layouts in which it has the outputs.
        layouts: of all nodes, for `meta["layout"]`.
    """
    graph = subgraph.graph
    for node in graph.nodes:
        node.meta["layout"] = layouts.get(node.meta.get("path", ""))
    given, *_, output = graph.nodes
    (ends,) = output.args
    with graph.inserting_before(output):
        made = [_permuted(end, layout.order) for end, layout in zip(ends, last, strict=True)]
    output.args = (tuple(made),)
    for end, layout in zip(made, last, strict=True):
        end.meta["layout"] = layout.canonical
    given.meta["layout"] = first.canonical
    if first.order != first.canonical.order:
        with graph.inserting_after(given):
            restored = graph.call_method("permute", (given, *first.inverse))
        restored.meta["layout"] = first
        given.replace_all_uses_with(restored, lambda user: user is not restored)
    subgraph.recompile()
    return subgraph


def _permuted(node: fx.Node, order: tuple[int, ...]) -> fx.Node:
    if order == tuple(sorted(order)):
        return node
    return node.graph.call_method("permute", (node, *order))
