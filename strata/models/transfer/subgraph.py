"""Torchvision's networks cut at any of their nodes, and what a node gives as a vector."""

from collections.abc import Sequence

from torch import Tensor, fx, nn
from torchvision.models import feature_extraction

from strata.errors import InputError, nearest
from strata.models.transfer.backbones import skeleton

#: The name of the images as a node: before the first layer.
IMAGES = "images"


def nodes(name: str) -> list[str]:
    """Where a network can be cut: its modules and operations, in the order of computation."""
    found: dict[str, None] = {}
    for node in list(_traced(skeleton(name)).graph.nodes)[1:-1]:
        parts = node.meta["place"].split(".")
        found |= dict.fromkeys(".".join(parts[: i + 1]) for i in range(len(parts)))
    return list(found)


def last_node(name: str) -> str:
    """The node that the last layer with weights looks at, before any dropout: the usual cut."""
    graph = _traced(skeleton(name)).graph
    heads = [
        n for n in graph.nodes if n.op == "call_module" and _layer(n) in (nn.Linear, nn.Conv2d)
    ]
    node = heads[-1].args[0]
    while node.op == "call_module" and _layer(node) is nn.Dropout:
        node = node.args[0]
    return str(node.meta["place"])


def _layer(node: fx.Node) -> type:
    assert isinstance(node.target, str)
    assert node.graph.owning_module is not None
    return type(node.graph.owning_module.get_submodule(node.target))


def _traced(network: nn.Module) -> fx.GraphModule:
    """The computation in evaluation mode; `meta["place"]` of each node is its name for people."""
    tracer = feature_extraction.NodePathTracer()
    graph = tracer.trace(network)
    for node in graph.nodes:
        node.meta["place"] = tracer.node_to_qualname.get(node, node.name)
    return fx.GraphModule(tracer.root, graph)


def _last_at(graph: fx.Graph, place: str) -> fx.Node:
    """The node whose output a place is: the last of a module's operations.

    Raises:
        InputError: no such place.
    """
    if place == IMAGES:
        return next(n for n in graph.nodes if n.op == "placeholder")
    inside = [n for n in graph.nodes if f"{n.meta['place']}.".startswith(f"{place}.")]
    if not inside:
        known = [n.meta["place"] for n in graph.nodes]
        parents = {k.rpartition(".")[0] for k in known} - {""}
        hint = nearest(place, {*known, *parents, IMAGES})
        raise InputError(f"The network has no node '{place}'.", hint)
    return inside[-1]


def section(network: nn.Module, begin: str, ends: Sequence[str]) -> fx.GraphModule:
    """The part of a network from the output of one node to the outputs of others.

    The modules in it are those of `network`, not copies; it has no others. Where somebody else may
    look at what an operation in place would write over (another end, whoever has the output at
    `begin`), nothing is computed in place.

    Args:
        network: of torchvision, in evaluation mode.
        begin: a node of `nodes`, or `IMAGES`.
        ends: nodes.

    Returns:
        A module: the output at `begin` -> a tuple of the outputs at `ends`.

    Raises:
        InputError: no such node; an end that does not follow from `begin` alone.
    """
    whole = _traced(network)
    first = _last_at(whole.graph, begin)
    wanted = [_last_at(whole.graph, end) for end in ends]
    part = fx.Graph()
    copied = {first: part.placeholder("given")}
    for node in _needed(wanted, first, begin):
        copied[node] = part.node_copy(node, lambda n: copied[n])
    part.output(tuple(copied[node] for node in wanted))
    made = fx.GraphModule(whole, part)
    if len(ends) > 1 or begin != IMAGES:
        _out_of_place(made)
    return made.eval()


def check_beside(name: str, begin: str, cut: str, beside: Sequence[str]) -> None:
    """Whether a head on `cut` can look at other nodes of a network too.

    Raises:
        InputError: one is the cut itself, named twice, or nothing that leads from `begin` to the
            cut.
    """
    if isinstance(beside, str):
        raise InputError(f"beside must be a list of nodes: {beside!r}.")
    if not beside:
        return
    graph = _traced(skeleton(name)).graph
    first, last = _last_at(graph, begin), _last_at(graph, cut)
    free = {first, *_needed([last], first, begin)} - {last}
    for place in beside:
        node = _last_at(graph, place)
        if node not in free:
            raise InputError(
                f"The head cannot look at '{place}' beside '{cut}': it is that output itself, or "
                f"named twice, or not on the way there from '{begin}'.",
                "Name nodes between them, each once, or set the border at the earliest.",
            )
        free.remove(node)


def _out_of_place(part: fx.GraphModule) -> None:
    """Have every operation of a part leave its input as it is."""
    for module in part.modules():
        if getattr(module, "inplace", False):
            module.inplace = False  # type: ignore[assignment]
    for node in part.graph.nodes:
        if node.kwargs.get("inplace"):
            node.kwargs = {**node.kwargs, "inplace": False}
    part.recompile()


def _needed(wanted: list[fx.Node], first: fx.Node, begin: str) -> list[fx.Node]:
    """What lies between a node and others, in order."""
    needed: set[fx.Node] = set()
    waiting = [node for node in wanted if node is not first]
    while waiting:
        node = waiting.pop()
        if node.op == "placeholder":
            places = ", ".join(f"'{n.meta['place']}'" for n in wanted)
            raise InputError(
                f"'{begin}' is not on every way from the image to {places}.",
                "Begin at an earlier node, such as the output of a whole block.",
            )
        if node not in needed:
            needed.add(node)
            waiting += [n for n in node.all_input_nodes if n is not first]
    return [node for node in first.graph.nodes if node in needed]


def pool(x: Tensor) -> Tensor:
    """One vector an image, (n, d): the mean over places of (n, d, h, w), or tokens of (n, t, d)."""
    if x.ndim == 4:
        return x.mean((2, 3))
    return x.mean(1) if x.ndim == 3 else x.flatten(1)
