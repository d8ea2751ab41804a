"""What a method cost, read off the records of the artifacts that it is made of."""

from typing import TYPE_CHECKING, Any

from strata.pipeline.compose import Target
from strata.pipeline.plan import in_order
from strata.pipeline.stage import Node
from strata.pipeline.store import Store

if TYPE_CHECKING:
    from strata.reports.results import Cost, StageRow


class Records:
    """The manifests of artifacts, each read once."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._known: dict[str, dict[str, Any]] = {}

    def of(self, node: Node) -> dict[str, Any]:
        """A node's manifest; empty if its artifact is absent."""
        if node.key not in self._known:
            self._known[node.key] = self.store.manifest(node.key) or {}
        return self._known[node.key]

    def bytes(self, node: Node) -> int:
        """Size of a node's artifact."""
        files = self.of(node).get("files", {}).values()
        return sum(file["stamp"][0] for file in files)


def stage_rows(target: Target, records: Records, made: set[str]) -> "list[StageRow]":
    """One row a stage, over all folds and shards, in the order of the recipe."""
    from strata.reports.results import StageRow

    groups: dict[str, list[Node]] = {}
    for node in in_order([node for _, node in target.folds]):
        groups.setdefault(node.stage.name, []).append(node)
    return [
        StageRow(
            name=name,
            seconds=sum(records.of(n).get("seconds", 0.0) for n in nodes),
            made="now" if any(n.key in made for n in nodes) else "kept",
            artifacts=len(nodes),
            bytes=sum(map(records.bytes, nodes)),
            parameters=nodes[0].parameters,
        )
        for name, nodes in groups.items()
    ]


def cost(target: Target, records: Records) -> "Cost":
    """Of the model fitted on all training images; of the last fold where there is no such.

    Fitting counts every stage that the fitted model needed, on the training images; predicting
    counts, per image, every stage from file to scores.
    """
    from strata.reports.results import Cost

    fold, scores = target.folds[-1]
    train = set(fold.train.digests)
    fit, per_image = 0.0, 0.0
    fitted = [node for node in in_order([scores]) if node.learns]
    for node in in_order([scores]):
        seconds = records.of(node).get("seconds", 0.0)
        if node.learns:
            fit += seconds
        elif node.shard:
            share = seconds / len(node.shard)
            fit += share * sum(digest in train for digest in node.shard.digests)
        elif node is scores:
            per_image += seconds / max(1, len(fold.test))
    for nodes in _sharded(scores):
        images = sum(len(n.shard) for n in nodes if n.shard)
        per_image += sum(records.of(n).get("seconds", 0.0) for n in nodes) / max(1, images)
    values = [records.store.read(n.key) for n in fitted if records.of(n)]
    return Cost(
        fit_seconds=fit,
        predict_ms=1000 * per_image,
        parameters=_total(values, "parameters"),
        multiply_adds=_total(values, "multiply_adds"),
        bytes=sum(map(records.bytes, fitted)),
        peak_memory=max(records.of(n).get("peak_memory", 0) for n in in_order([scores])),
    )


def _sharded(scores: Node) -> list[list[Node]]:
    groups: dict[str, list[Node]] = {}
    for node in in_order([scores]):
        if node.shard:
            groups.setdefault(node.stage.name, []).append(node)
    return list(groups.values())


def _total(values: list[Any], name: str) -> int | None:
    found = [v[name] for v in values if name in v]
    return sum(found) if found else None
