"""Facts of a method's network for the report: images watched, initial weights, layers."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from strata.pipeline.experiment.compose import Target
from strata.pipeline.graph.stage import Node
from strata.pipeline.stages.networks import network_at_size

if TYPE_CHECKING:
    from strata.reports.model.results import LayerRow


def network_facts(target: Target, fitted: list[list[Any]]) -> dict[str, Any]:
    """`watched`, `begins` and `layers` of a `MethodResult`.

    Args:
        fitted: artifacts of the fitted models of each fold.
    """
    watched = set(one_per_fold(fitted, "watched"))
    layers = one_per_fold(fitted, "layers")
    return {
        "watched": watched.pop() if len(watched) == 1 else "",
        "begins": begins(target.folds[-1][1]),
        "layers": layer_rows(layers[-1]) if layers else [],
    }


def one_per_fold(fitted: list[list[Any]], name: str) -> list[Any]:
    """The named value of each fold; none if a fold has several, which do not describe the whole."""
    found = [[artifact[name] for artifact in fold if name in artifact] for fold in fitted]
    if any(len(values) > 1 for values in found):
        return []
    return [value for values in found for value in values]


def begins(scores: Node) -> str:
    """Weights that a method's network begins with, see `MethodResult.begins`; "" without any.

    Pretrained is what begins with published weights, or with another network of the file.
    """
    nodes = _without_teachers(scores)
    networks = [n for n in nodes if n.stage.role == "network" and n.stage is not network_at_size]
    given = [parent for node in networks for parent in node.parents if parent in networks]
    if given or any(node.stage.role == "weights" for node in nodes):
        return "pretrained"
    if any(node.parameters.get("pretrain_epochs") for node in networks):
        return "unsupervised"
    return "scratch" if networks else ""


def _without_teachers(scores: Node) -> list[Node]:
    """Ancestors of a node, but not those of soft labels: of a teacher a network has the scores."""
    found: dict[str, Node] = {}
    waiting = [scores]
    while waiting:
        node = waiting.pop()
        if node.key not in found:
            found[node.key] = node
            waiting += [] if node.stage.role == "soft labels" else node.parents
    return list(found.values())


def layer_rows(layers: Iterable[Mapping[str, Any]]) -> "list[LayerRow]":
    """Rows of a network's layer table, from dictionaries with at least the fields of `LayerRow`."""
    from strata.reports.model.results import LayerRow

    names = [field.name for field in fields(LayerRow)]
    shapes = ("output", "kernel", "receptive_field")

    def value(layer: Mapping[str, Any], name: str) -> Any:
        return tuple(layer[name]) if name in shapes else layer[name]

    return [LayerRow(*(value(layer, name) for name in names)) for layer in layers]
