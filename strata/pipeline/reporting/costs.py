"""Costs of a method, from the manifests of its artifacts: time, memory, parameters, size."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING, Any

from strata.pipeline.experiment.compose import Target
from strata.pipeline.graph.prediction_path import prediction_path
from strata.pipeline.graph.provenance import versions
from strata.pipeline.graph.stage import Node
from strata.pipeline.graph.topological_order import topological_order
from strata.pipeline.stages.search import select_trial
from strata.pipeline.store.store import Store

if TYPE_CHECKING:
    from strata.reports.model.results import Cost, StageRow


class Records:
    """Manifests of artifacts, each read once."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._known: dict[str, dict[str, Any]] = {}

    def of(self, node: Node) -> dict[str, Any]:
        """Manifest of a node; empty if its artifact is absent."""
        if node.key not in self._known:
            self._known[node.key] = self.store.manifest(node.key) or {}
        return self._known[node.key]

    def seconds(self, node: Node) -> float:
        """Processor time that computing the artifact took.

        Wall time where an accelerator may have done the work, or where the manifest is an old one.
        """
        record = self.of(node)
        wall = record.get("seconds", 0.0)
        return wall if record.get("accelerator") else record.get("cpu_seconds", wall)

    def bytes(self, node: Node) -> int:
        """Size of a node's artifact."""
        files = self.of(node).get("files", {}).values()
        return sum(file["stamp"][0] for file in files)


def stage_rows(target: Target, records: Records, made: set[str]) -> "list[StageRow]":
    """One row per stage and set of parameters, over all folds and shards, in the recipe's order.

    The trials of a random search are merged into the row of its selection stage.
    """
    from strata.reports.model.results import StageRow

    scores = [node for _, node in target.folds]
    own = _outside_trials(scores)
    groups: dict[tuple[str, str], list[Node]] = {}
    for node in topological_order(scores):
        step = node if node.key in own else _TRIALS
        parameters = json.dumps(step.parameters, sort_keys=True, default=str)
        groups.setdefault((step.stage.name, parameters), []).append(node)
    return [
        StageRow(
            name=name,
            seconds=sum(map(records.seconds, nodes)),
            made="now" if any(n.key in made for n in nodes) else "kept",
            artifacts=len(nodes),
            bytes=sum(map(records.bytes, nodes)),
            parameters=json.loads(parameters),
            when=_local_time(max(records.of(n).get("made", "") for n in nodes)),
            versions=_other_versions([records.of(n) for n in nodes]),
        )
        for (name, parameters), nodes in groups.items()
    ]


#: Stands for all nodes that only trials of a search need.
_TRIALS = Node(select_trial, {}, (), "", "")


def _outside_trials(scores: list[Node]) -> set[str]:
    """Keys of the ancestors of the scores that are not only trials of a search."""
    found: set[str] = set()
    waiting = list(scores)
    while waiting:
        node = waiting.pop()
        if node.key not in found:
            found.add(node.key)
            waiting += [] if node.stage is select_trial else node.parents
    return found


def _local_time(when: str) -> str:
    """A UTC time of a manifest in local time; "" for ""."""
    return datetime.fromisoformat(when).astimezone().isoformat(timespec="seconds") if when else ""


def _other_versions(found: list[dict[str, Any]]) -> dict[str, str]:
    """Packages whose version in some of the manifests is not the installed one."""
    here = versions()
    return {
        package: version
        for record in found
        for package, version in record.get("versions", {}).items()
        if here.get(package, version) != version
    }


def cost(target: Target, records: Records) -> "Cost":
    """Cost of the model fitted on all training images, or of the last fold where there is none.

    Prediction is the path from images to scores through fitted models; fitting is every node that
    these models need, of nodes on shards of images the training images' share.
    """
    from strata.reports.model.results import Cost

    fold, scores = target.folds[-1]
    predicting, fitted = prediction_path(scores)
    fitting = topological_order(fitted)
    step = _steps([scores])
    one_shard = {step[n.key]: n for n in predicting if n.shard}  # a frozen network records its size
    of_models, of_shards = (
        [records.store.read(n.key) for n in nodes if records.of(n)]
        for nodes in (fitted, one_shard.values())
    )
    values = [*of_models, *of_shards]
    trainable, frozen = _trainable_and_frozen(of_models, of_shards)
    return Cost(
        fit_seconds=_fit_seconds(fitting, fold.train.digests, records),
        predict_ms=1000 * _seconds_per_image(target, records),
        parameters=_total(values, "parameters"),
        multiply_adds=_total(values, "multiply_adds"),
        bytes=sum(map(records.bytes, fitted)),
        peak_memory=max(records.of(n).get("peak_memory", 0) for n in topological_order([scores])),
        trainable=trainable,
        frozen=frozen,
    )


def _trainable_and_frozen(models: list[Any], shards: list[Any]) -> tuple[int | None, int | None]:
    """Parameters that a network's training changes, and those of pretrained, frozen layers.

    A pretrained network that only describes images is frozen; what is fitted after it, trained.

    Args:
        models: artifacts of fitted models.
        shards: one artifact of each step on shards of images.
    """
    trainable, frozen = (_total(models, f"{part}_parameters") for part in ("trainable", "frozen"))
    if trainable is None and frozen is None:
        frozen = _total(shards, "parameters")
        trainable = _total(models, "parameters") if frozen is not None else None
    return trainable, frozen


def _fit_seconds(nodes: list[Node], train: tuple[str, ...], records: Records) -> float:
    """Time of the nodes, that of shards weighted by their fraction of training images."""
    wanted = set(train)
    total = 0.0
    for node in nodes:
        seconds = records.seconds(node)
        if node.shard:
            here = sum(digest in wanted for digest in node.shard.digests)
            seconds *= here / max(1, len(node.shard))
        total += seconds
    return total


def _seconds_per_image(target: Target, records: Records) -> float:
    """Median time per image of every step from file to scores, summed over steps and branches.

    A step runs once per shard and fold. Its first run in a process includes imports and compilation
    and is left out; where all runs were such, the fastest counts. For a search, whose folds may
    have picked different steps, those of the last fold count.
    """
    step = _steps([scores for _, scores in target.folds])
    counted = {step[node.key] for node in prediction_path(target.folds[-1][1])[0]}
    warm: dict[int, dict[str, float]] = {}
    cold: dict[int, dict[str, float]] = {}
    for fold, scores in target.folds:
        for node in prediction_path(scores)[0]:
            record = records.of(node)
            images = len(node.shard) if node.shard else len(fold.test)
            if record and images and step[node.key] in counted:
                group = warm if record.get("warm", True) else cold
                group.setdefault(step[node.key], {})[node.key] = records.seconds(node) / images
    medians = {number: median(found.values()) for number, found in warm.items()}
    fastest = {number: min(found.values()) for number, found in cold.items()}
    return sum((fastest | medians).values())


def _steps(scores: list[Node]) -> dict[str, int]:
    """Step number by node key: equal where stage, parameters and the inputs' steps are equal.

    So shards and folds of one step share a number, and branches that differ somewhere do not.
    """
    numbers: dict[tuple[str, str, tuple[int, ...]], int] = {}
    found: dict[str, int] = {}
    for node in topological_order(scores):
        parents = tuple(sorted({found[parent.key] for parent in node.parents}))
        parameters = json.dumps(node.parameters, sort_keys=True, default=str)
        step = (node.stage.name, parameters, parents)
        found[node.key] = numbers.setdefault(step, len(numbers))
    return found


def repeat_seconds(targets: Iterable[Target], records: Records) -> float | None:
    """Processor time of one repeat of the cross-validation of all targets; None if unknown.

    Counts the artifacts that some folds need and others do not, each once however many targets
    share it: those that every fold needs would be there for another repeat.
    """
    own: dict[str, Node] = {}
    repeats = 1
    for target in targets:
        folds = [(fold, topological_order([s])) for fold, s in target.folds if fold.number >= 0]
        needed = Counter(node.key for _, nodes in folds for node in nodes)
        repeats = max([repeats, *(fold.repeat + 1 for fold, _ in folds)])
        for _, nodes in folds:
            own |= {node.key: node for node in nodes if needed[node.key] < len(folds)}
    return sum(map(records.seconds, own.values())) / repeats or None


def _total(values: list[Any], name: str) -> int | None:
    """Sum of a value over the artifacts that have it; None if none has."""
    found = [v[name] for v in values if name in v]
    return sum(found) if found else None
