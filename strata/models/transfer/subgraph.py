"""Subgraphs of pretrained networks between any of their nodes, and pooling of their outputs."""

import inspect
from collections.abc import Sequence
from functools import lru_cache

from torch import Tensor, fx, nn
from torchvision.models import feature_extraction

from strata.errors import InputError, nearest
from strata.models.transfer.backbones import outline
from strata.models.transfer.zoos.find import has_head, leaves

#: Name of the input as a node: before the first layer.
IMAGES = "images"


def node_names(backbone: str) -> list[str]:
    """Names of a network's nodes: modules and operations, in the order of computation."""
    found: dict[str, None] = {}
    for node in list(_outline_graph(backbone).nodes)[1:-1]:
        parts = node.meta["path"].split(".")
        found |= dict.fromkeys(".".join(parts[: i + 1]) for i in range(len(parts)))
    return list(found)


def last_operation(backbone: str, node: str) -> str:
    """The operation whose output a node's name stands for: a module's last.

    Raises:
        InputError: no such node.
    """
    return str(_find(_outline_graph(backbone), node).meta["path"])


def penultimate_node(backbone: str) -> str:
    """The node whose output the last layer with weights takes, before any dropout.

    Of a network without such a layer, published as a maker of features, it is the last node.
    """
    network = outline(backbone)
    graph = traced(network).graph
    if has_head(network):
        head = next(n for n in reversed(graph.nodes) if _is_layer(n))
        node = head.args[0]
    else:
        node = next(n for n in graph.nodes if n.op == "output").args[0]
    while isinstance(_layer(node), nn.Dropout | nn.Identity):
        node = node.args[0]
    return str(node.meta["path"])


@lru_cache(maxsize=4)
def _outline_module(backbone: str) -> fx.GraphModule:
    return traced(outline(backbone))


def _outline_graph(backbone: str) -> fx.Graph:
    """Graph of a network's outline, to be read only."""
    return _outline_module(backbone).graph


def _is_layer(node: fx.Node) -> bool:
    """Test for a linear or convolutional layer, called as a module or as a function."""
    functions = (nn.functional.linear, nn.functional.conv2d)
    return node.target in functions or isinstance(_layer(node), nn.Linear | nn.Conv2d)


def _layer(node: fx.Node) -> nn.Module | None:
    """Module that a node calls; None where it calls a function."""
    if node.op != "call_module":
        return None
    assert isinstance(node.target, str)
    assert node.graph.owning_module is not None
    return node.graph.owning_module.get_submodule(node.target)


def traced(network: nn.Module) -> fx.GraphModule:
    """The network's graph in evaluation mode; `meta["path"]` of a node is its qualified name.

    Raises:
        InputError: it cannot be traced.
    """
    for module in network.modules():  # of an earlier trace: LeViT's keep what they have computed
        getattr(module, "attention_bias_cache", {}).clear()
    modules, functions = leaves(network)
    tracer = feature_extraction.NodePathTracer(leaf_modules=modules, autowrap_functions=functions)
    options = list(inspect.signature(network.forward).parameters.values())[1:]
    try:
        graph = tracer.trace(network, {option.name: option.default for option in options})
    except fx.proxy.TraceError as error:
        raise InputError(
            f"{type(network).__name__} has no nodes to take features from: it decides by numbers "
            "that it computes.",
            "Take another network.",
        ) from error
    for node in graph.nodes:
        node.meta["path"] = tracer.node_to_qualname.get(node, node.name)
    _, *given = [n for n in graph.nodes if n.op == "placeholder"]
    for node in given:  # options have their defaults in the graph; what checks that is of no use
        _erase(node)
    return fx.GraphModule(tracer.root, graph)


def _erase(node: fx.Node) -> None:
    """Remove a node and all that depends on it."""
    for user in list(node.users):
        _erase(user)
    node.graph.erase_node(node)


def _find(graph: fx.Graph, name: str) -> fx.Node:
    """The graph's node of a name; for a module, the last of its operations.

    Raises:
        InputError: no such node.
    """
    if name == IMAGES:
        return next(n for n in graph.nodes if n.op == "placeholder")
    inside = [n for n in graph.nodes if f"{n.meta['path']}.".startswith(f"{name}.")]
    if not inside:
        known = [n.meta["path"] for n in graph.nodes]
        parents = {k.rpartition(".")[0] for k in known} - {""}
        hint = nearest(name, {*known, *parents, IMAGES})
        raise InputError(f"The network has no node '{name}'.", hint)
    return inside[-1]


def extract_subgraph(network: nn.Module, begin: str, ends: Sequence[str]) -> fx.GraphModule:
    """The part of a network from the output of one node to the outputs of others.

    Its modules are those of `network`, not copies, and only those that it runs. In-place operations
    are made out of place wherever another reader needs their input: the caller, who may keep the
    activations at `begin`, or a second end.

    Args:
        network: of a collection, in evaluation mode.
        begin: a node of `node_names`, or `IMAGES`.
        ends: nodes.

    Returns:
        A module: the output at `begin` -> a tuple of the outputs at `ends`.

    Raises:
        InputError: no such node; an end that depends on more than the output at `begin`.
    """
    whole = traced(network)
    first = _find(whole.graph, begin)
    wanted = [_find(whole.graph, end) for end in ends]
    graph = fx.Graph()
    copied = {first: graph.placeholder("given")}
    for node in _nodes_between(wanted, first, begin):
        copied[node] = graph.node_copy(node, lambda n: copied[n])
    graph.output(tuple(copied[node] for node in wanted))
    subgraph = fx.GraphModule(whole, graph)
    if len(ends) > 1 or begin != IMAGES:
        _make_out_of_place(subgraph)
    return subgraph.eval()


def check_head_inputs(
    backbone: str, freeze_until: str, output_node: str, head_inputs: Sequence[str]
) -> None:
    """Check that a head on `output_node` can take the outputs of other nodes too.

    Raises:
        InputError: one is `output_node` itself, named twice, or not between the two nodes.
    """
    if isinstance(head_inputs, str):
        raise InputError(f"head_inputs must be a list of nodes: {head_inputs!r}.")
    if not head_inputs:
        return
    graph = _outline_graph(backbone)
    first, last = _find(graph, freeze_until), _find(graph, output_node)
    free = {first, *_nodes_between([last], first, freeze_until)} - {last}
    for name in head_inputs:
        node = _find(graph, name)
        if node not in free:
            raise InputError(
                f"'{name}' cannot be among head_inputs: it is '{output_node}' itself, or named "
                f"twice, or not between '{freeze_until}' and '{output_node}'.",
                "Name nodes between them, each once, or set freeze_until to the earliest.",
            )
        free.remove(node)


def _make_out_of_place(subgraph: fx.GraphModule) -> None:
    """Switch off in-place computation in every operation."""
    for module in subgraph.modules():
        if getattr(module, "inplace", False):
            module.inplace = False  # type: ignore[assignment]
    for node in subgraph.graph.nodes:
        if node.kwargs.get("inplace"):
            node.kwargs = {**node.kwargs, "inplace": False}
    subgraph.recompile()


def _nodes_between(wanted: list[fx.Node], first: fx.Node, begin: str) -> list[fx.Node]:
    """The nodes that compute `wanted` from `first`, in order.

    Raises:
        InputError: one of them needs the images by a way that does not pass `first`.
    """
    needed: set[fx.Node] = set()
    waiting = [node for node in wanted if node is not first]
    while waiting:
        node = waiting.pop()
        if node.op == "placeholder":
            ends = ", ".join(f"'{n.meta['path']}'" for n in wanted)
            raise InputError(
                f"'{begin}' is not on every path from the image to {ends}.",
                "Begin at an earlier node, such as the output of a whole block.",
            )
        if node not in needed:
            needed.add(node)
            waiting += [n for n in node.all_input_nodes if n is not first]
    return [node for node in first.graph.nodes if node in needed]


def global_pool(x: Tensor) -> Tensor:
    """Global average pooling (n, d): over positions of maps, or tokens of (n, t, d).

    Args:
        x: maps (n, d, h, w); tokens (n, t, d); vectors (n, d).
    """
    if x.ndim == 4:
        return x.mean((2, 3))
    return x.mean(1) if x.ndim == 3 else x.flatten(1)
