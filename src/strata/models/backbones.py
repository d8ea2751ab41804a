"""Torchvision's classification networks: with given weights, cut at any node, in two parts."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor, fx, nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision import models
from torchvision.models import feature_extraction

from strata.errors import InputError, nearest
from strata.models.weights import check_backbone

#: Inception-v3's blocks (Szegedy et al. 2016) from the image on; Keras calls them mixed0..mixed10.
INCEPTION_BLOCKS = (
    "Mixed_5b", "Mixed_5c", "Mixed_5d",
    "Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e",
    "Mixed_7a", "Mixed_7b", "Mixed_7c",
)  # fmt: skip

#: The node before the first of them.
INCEPTION_STEM = "maxpool2"

#: What torchvision's builders set where they are given their own weights.
_AS_PUBLISHED: dict[str, dict[str, Any]] = {
    "inception_v3": {"transform_input": True, "init_weights": False},
    "googlenet": {"transform_input": True, "init_weights": False, "aux_logits": True},
}

#: The name of the images as a node: before the first layer.
IMAGES = "images"


def build(name: str, state: Mapping[str, Tensor]) -> nn.Module:
    """A network with all its weights from a state_dict, float32, in evaluation mode.

    Args:
        name: of the network, as `torchvision.models.get_model` takes it.
        state: floating numbers of any precision. Counters of batches may be absent.

    Raises:
        InputError: no such network; tensors that are missing, left over or of another shape.
    """
    network = skeleton(name)
    wanted = network.state_dict()
    counters = {k: v for k, v in wanted.items() if k.endswith("num_batches_tracked")}
    missing = [k for k in wanted if k not in state and k not in counters]
    unknown = [k for k in state if k not in wanted]
    shapes = [k for k in wanted if k in state and state[k].shape != wanted[k].shape]
    for kind, keys in (("lack", missing), ("have also", unknown), ("differ in shape at", shapes)):
        if keys:
            more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
            raise InputError(
                f"These are not the weights of torchvision's {name}: they {kind} '{keys[0]}'{more}."
            )
    network.load_state_dict({**counters, **state})
    return network


def skeleton(name: str) -> nn.Module:
    """A network as torchvision draws it, in evaluation mode; for its shape, not for its numbers.

    Raises:
        InputError: no such network.
    """
    check_backbone(name)
    with torch.random.fork_rng(devices=[]):
        network = models.get_model(name, weights=None, **_AS_PUBLISHED.get(name, {}))
    return network.eval()


class Preparation(NamedTuple):
    """What a network expects of its images."""

    side: int  #: pixels
    mean: tuple[float, ...]  #: of red, green and blue in 0..1
    deviation: tuple[float, ...]


def preparation(name: str) -> Preparation:
    """How torchvision's weights of a network want their images.

    Raises:
        InputError: no such network.
    """
    check_backbone(name)
    given = models.get_model_weights(name).DEFAULT.transforms()
    return Preparation(given.crop_size[0], tuple(given.mean), tuple(given.std))


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


class PartCost(NamedTuple):
    """What a part of a network costs.

    Attributes:
        parameters: numbers that training adjusts.
        scales: those among them that scale a normalised channel. Keras's Inception has none: the
            paper's counts leave them out (its trainable numbers are `parameters - scales`, its
            totals `parameters - scales + statistics`).
        statistics: moving means and variances of batch normalisations.
        multiply_adds: for one image.
        outputs: shape of each output for one image.
    """

    parameters: int
    scales: int
    statistics: int
    multiply_adds: int
    outputs: tuple[tuple[int, ...], ...]


def part_cost(name: str, begin: str, ends: Sequence[str], side: int | None = None) -> PartCost:
    """Count a part of a network (as of `section`) for images of `side` pixels, without computing.

    Multiply-adds are those of convolutions, linear layers and attention, as torchvision counts.

    Raises:
        InputError: no such network or node; images of that size do not pass through.
    """
    return _part_cost(name, begin, tuple(ends), side)


@cache
def _part_cost(name: str, begin: str, ends: tuple[str, ...], side: int | None) -> PartCost:
    network = skeleton(name).to("meta")
    side = side or preparation(name).side
    images = torch.empty(1, 3, side, side, device="meta")
    before, part = section(network, IMAGES, [begin]), section(network, begin, ends)
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            (given,) = before(images)
            earlier = counter.get_total_flops()
            outputs = part(given)
    except (RuntimeError, AssertionError) as error:
        made_for = preparation(name).side
        raise InputError(
            f"Images of {side} pixels do not pass through {name}, which was made for {made_for}: "
            f"{error}",
            f"Images of any size are brought to the side that is set: leave it at {made_for}.",
        ) from error
    norms = [m for m in part.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    return PartCost(
        sum(p.numel() for p in part.parameters()),
        sum(m.weight.numel() for m in norms if m.weight is not None),
        sum(b.numel() for m in norms for b in m.buffers() if b.ndim),
        (counter.get_total_flops() - earlier) // 2,
        tuple(tuple(o.shape[1:]) for o in outputs),
    )
