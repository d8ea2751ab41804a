"""Check of the names of networks and of their nodes and layers, before a run begins.

Valid names are known only after importing torch and tracing the network. That takes seconds, so
only the stages about to be made are checked.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from strata.errors import InputError, nearest
from strata.pipeline.execution.plan import Plan
from strata.pipeline.experiment.compose import Target
from strata.pipeline.graph.stage import Node, Stage
from strata.pipeline.graph.topological_order import topological_order
from strata.pipeline.stages.deep_descriptors import feature_map_descriptors
from strata.pipeline.stages.fine_tuning import fine_tune, split_backbone
from strata.pipeline.stages.networks import (
    hidden_features,
    network_at_size,
    patch_descriptors,
    resize,
    train_network,
)
from strata.pipeline.stages.pretrained import backbone_features, pretrained

#: Parameters of a stage that name graph nodes of its input network.
_NODES: dict[Stage, tuple[str, ...]] = {
    backbone_features: ("nodes",),
    split_backbone: ("freeze_until", "output_node", "head_inputs"),
    feature_map_descriptors: ("node",),
}


def check_backbones(targets: Iterable[Target], plan: Plan) -> None:
    """Check the names of backbones, nodes and layers in the stages that a plan would make.

    Raises:
        InputError: there is no such network, or the network has no such node or layer, or nothing
            that LoRA would adapt; the message names the key in the experiment file.
    """
    needed = set(plan.needed)
    known: dict[str, list[str]] = {}
    adapted: set[tuple[str, int]] = set()
    for target in targets:
        for node in topological_order(target.build_targets):
            if node.key not in needed:
                continue
            if node.stage is pretrained:
                _check_network(target, node.parameters["backbone"])
            if node.stage in (hidden_features, patch_descriptors):
                _check_layer(target, node, known)
            for parameter in _NODES.get(node.stage, ()):
                given = node.parameters[parameter]
                named = [given] if isinstance(given, str) else given
                for place in () if isinstance(named, int) else named:
                    if place or not isinstance(given, str):  # only "" itself stands for the default
                        _check_node(target, parameter, _backbone_of(node), place, known)
            if node.stage is fine_tune and node.parameters["lora_rank"]:
                _check_updates(target, node, adapted)


def _check_network(target: Target, backbone: str) -> None:
    from strata.models.transfer.weights import check_backbone

    try:
        check_backbone(backbone)
    except InputError as error:
        where = _key(target, "backbone", backbone)
        raise InputError(f"{where} = {backbone!r}: {error.what}", error.hint) from None


def _check_node(
    target: Target, parameter: str, backbone: str, place: str, known: dict[str, list[str]]
) -> None:
    from strata.models.transfer.subgraph import IMAGES, node_names

    if backbone not in known:
        known[backbone] = [IMAGES, *node_names(backbone)]
    if place not in known[backbone]:
        raise InputError(
            f"{_key(target, parameter, place)} = {place!r}: {backbone} has no such node.",
            nearest(place, known[backbone]),
        )


def _check_layer(target: Target, node: Node, known: dict[str, list[str]]) -> None:
    """Check the name of a layer of a network that the experiment itself trains."""
    from strata.models.estimators.hidden_features import layer_names

    fitted, place = node.inputs[1], node.parameters["layer"]
    sizes = [p.parameters["size"] for p in node.parents if p.stage is resize]
    while isinstance(fitted, Node) and fitted.stage is network_at_size:
        fitted = fitted.inputs[0]
    if not (sizes and isinstance(fitted, Node) and fitted.stage is train_network):
        return  # of a recipe of the user's: the stage itself checks it
    architecture = fitted.parameters["architecture"]
    network = f"{architecture!r} at {sizes[0]}"  # the same in all folds
    if network not in known:
        known[network] = layer_names(architecture, sizes[0])
    if place not in known[network]:
        lists = [given for _, given in _paths(target.parameters, "nodes")]
        own = any(isinstance(given, list | tuple) and place in given for given in lists)
        raise InputError(
            f"{_key(target, 'nodes' if own else 'layer', place)} = {place!r}: the network has no "
            "such layer.",
            nearest(place, known[network]),
        )


def _check_updates(target: Target, node: Node, adapted: set[tuple[str, int]]) -> None:
    """Check that the part of a network that is fine-tuned has what LoRA adapts."""
    from strata.models.transfer.finetuning.lora import check_lora

    rank, backbone = node.parameters["lora_rank"], _backbone_of(node)
    (split,) = (p for p in node.parents if p.stage.role == "backbone split")
    if (split.key, rank) in adapted:
        return
    adapted.add((split.key, rank))
    parts = split.stage.function({"backbone": backbone}, **split.parameters)
    try:
        check_lora(
            backbone, parts["freeze_until"], [parts["output_node"], *parts["head_inputs"]], rank
        )
    except InputError as error:
        where = _key(target, "lora_rank", rank)
        raise InputError(f"{where} = {rank}: {error.what}", error.hint) from None


def _backbone_of(node: Node) -> str:
    return next(str(p.parameters["backbone"]) for p in node.parents if p.stage is pretrained)


def _key(target: Target, parameter: str, value: str) -> str:
    """Key of a parameter in the experiment file; of several, the first with this value."""
    method = f"methods.{target.method.variant_of or target.name}"
    found = list(_paths(target.parameters, parameter))
    own = [p for p, given in found if given == value or (type(given) is list and value in given)]
    return ".".join([method, *(own or [path for path, _ in found] or [parameter])[:1]])


def _paths(table: Mapping[str, Any], parameter: str) -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if name == parameter:
            yield name, value
        if isinstance(value, Mapping):
            for path, given in _paths(value, parameter):
                yield f"{name}.{path}", given
