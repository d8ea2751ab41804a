"""Learned parts of a method in its report: pretraining, weights of branches, nodes, methods."""

from collections.abc import Iterator
from typing import Any

from strata.pipeline.experiment.compose import Target
from strata.pipeline.graph.inputs import Subset
from strata.pipeline.graph.prediction_path import prediction_path
from strata.pipeline.graph.stage import Node, Sharded, Stage
from strata.pipeline.graph.topological_order import topological_order
from strata.pipeline.reporting.costs import Records
from strata.pipeline.reporting.network_facts import one_per_fold
from strata.pipeline.stages.fusion import weighted_scores
from strata.pipeline.stages.joins import kernel_weights, node_weights
from strata.pipeline.stages.search import without_search


def learned_parts(target: Target, fitted: list[list[Any]], records: Records) -> dict[str, Any]:
    """`pretraining`, `unlabeled` and the three kinds of learned weights of a `MethodResult`.

    Args:
        fitted: artifacts of the fitted models of each fold.
    """
    pretraining = [
        {layer: [float(error) for error in errors] for layer, errors in found.items()}
        for found in one_per_fold(fitted, "pretraining")
    ]
    return {
        "pretraining": pretraining,
        "unlabeled": unlabeled_images(target.folds[-1][1]) if pretraining else 0,
        "branch_weights": _vector_weights(target, records, kernel_weights),
        "node_weights": _vector_weights(target, records, node_weights),
        "method_weights": _method_weights(target, records),
    }


def unlabeled_images(scores: Node) -> int:
    """Number of images without labels that networks behind scores are pretrained on besides."""
    networks = [n for n in prediction_path(scores)[1] if n.parameters.get("pretrain_epochs")]
    subsets = [s for n in networks for s in _given(n.inputs[4:5]) if isinstance(s, Subset)]
    return max(map(len, subsets), default=0)


def _vector_weights(target: Target, records: Records, stage: Stage) -> dict[str, list[float]]:
    """Weights that a stage learned for each branch or node: one for each fold of validation.

    They are those of the last weighting before the classifier. The others are its members' own.
    """
    folds = _cross_validated(target)
    if any(scores.stage.role == "combination" for scores in folds):
        return {}  # the branches are those of its methods
    last = [node for node in map(last_weighting, folds) if node and node.stage is stage]
    learned = [node for node in last if records.of(node)]
    artifacts = [records.store.read(node.key) for node in learned]
    weights = [artifact["weights"] for artifact in artifacts]
    if not weights or len({len(one) for one in weights}) > 1:
        return {}
    names = artifacts[0].get("blocks") or branch_names(
        learned[0], target.parameters.get("of", ()), len(weights[0])
    )
    return {name: [float(one[i]) for one in weights] for i, name in enumerate(names)}


def _method_weights(target: Target, records: Records) -> dict[str, list[float]]:
    """Share of each method in a fusion with learned weights, one for each fold."""
    learned = [
        scores.inputs[1] for scores in _cross_validated(target) if scores.stage is weighted_scores
    ]
    nodes = [node for node in learned if isinstance(node, Node) and records.of(node)]
    shares = [records.store.read(node.key)["shares"] for node in nodes]
    names = target.parameters.get("of", ())
    if any(len(one) != len(names) for one in shares):  # a search over `of`
        return {}
    return {name: [float(one[i]) for one in shares] for i, name in enumerate(names) if shares}


def _cross_validated(target: Target) -> list[Node]:
    """Scores of each fold of cross-validation, of the final fold where there is no other."""
    folds = [scores for fold, scores in target.folds if fold.number >= 0]
    return [without_search(node) for node in folds or [node for _, node in target.folds]]


def last_weighting(scores: Node) -> Node | None:
    """Node whose weights the classified vectors have; None without any, or of vectors in parallel.

    It comes after all others: those of an early fusion after those of its members.
    """
    path = prediction_path(scores)[1]
    found = [node for node in path if node.stage in (kernel_weights, node_weights)]
    before = {node.key for node in topological_order(found[-1:])}
    return found[-1] if found and all(node.key in before for node in found) else None


def branch_names(node: Node, of: Any, count: int) -> list[str]:
    """Names of the joined branches: of methods, else of their local descriptors, else numbers."""
    if len(of) == count:
        return [str(name) for name in of]
    branches = [branch for branch in _given(node.inputs) if isinstance(branch, Sharded)]
    found = [_descriptors(branch) for branch in branches]
    if len(set(found)) == count and all(found):
        return found
    return [f"branch {number}" for number in range(1, count + 1)]


def _descriptors(branch: Sharded) -> str:
    """Stage of the local descriptors that a branch is made of; "" without any."""
    nodes = topological_order(list(branch.nodes[:1]))
    return next((n.stage.name for n in nodes if n.stage.role == "local descriptors"), "")


def _given(inputs: Any) -> Iterator[Any]:
    """Inputs of a node, those in sequences too."""
    for given in inputs:
        if isinstance(given, list | tuple):
            yield from _given(given)
        else:
            yield given
