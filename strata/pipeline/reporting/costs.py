"""What a method cost, read off the records of the artifacts that it is made of."""

import json
from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING, Any

from strata.pipeline.experiment.compose import Target
from strata.pipeline.graph.inputs import Subset
from strata.pipeline.graph.provenance import versions
from strata.pipeline.graph.stage import Node
from strata.pipeline.graph.topological_order import topological_order
from strata.pipeline.stages.search import select_trial
from strata.pipeline.store.store import Store

if TYPE_CHECKING:
    from strata.reports.model.results import Cost, StageRow


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

    def seconds(self, node: Node) -> float:
        """Processor time that making it took: what else the machine did meanwhile is no cost.

        Wall time where an accelerator may have done the work, or the record is an old one.
        """
        record = self.of(node)
        wall = record.get("seconds", 0.0)
        return wall if record.get("accelerator") else record.get("cpu_seconds", wall)

    def bytes(self, node: Node) -> int:
        """Size of a node's artifact."""
        files = self.of(node).get("files", {}).values()
        return sum(file["stamp"][0] for file in files)


def stage_rows(target: Target, records: Records, made: set[str]) -> "list[StageRow]":
    """One row a stage and set of parameters, over all folds and shards, in the recipe's order.

    The trials of a search are one row together, that of picking among them.
    """
    from strata.reports.model.results import StageRow

    scores = [node for _, node in target.folds]
    own = _beside_trials(scores)
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


#: Stands for everything that only a search has made.
_TRIALS = Node(select_trial, {}, (), "", "")


def _beside_trials(scores: list[Node]) -> set[str]:
    """Keys of what leads to the scores other than by the trials of a search."""
    found: set[str] = set()
    waiting = list(scores)
    while waiting:
        node = waiting.pop()
        if node.key not in found:
            found.add(node.key)
            waiting += [] if node.stage is select_trial else node.parents
    return found


def _local_time(when: str) -> str:
    return datetime.fromisoformat(when).astimezone().isoformat(timespec="seconds") if when else ""


def _other_versions(found: list[dict[str, Any]]) -> dict[str, str]:
    """Packages that made some of the artifacts in another version than is installed now."""
    here = versions()
    return {
        package: version
        for record in found
        for package, version in record.get("versions", {}).items()
        if here.get(package, version) != version
    }


def cost(target: Target, records: Records) -> "Cost":
    """Of the model fitted on all training images; of the last fold where there is no such.

    Predicting is what leads from images to scores by way of fitted stages; fitting is all that
    these need, of stages that describe single images the training images' share.
    """
    from strata.reports.model.results import Cost

    fold, scores = target.folds[-1]
    predicting, fitted = prediction_path(scores)
    fitting = topological_order(fitted)
    step = _steps([scores])
    one_shard = {step[n.key]: n for n in predicting if n.shard}  # a frozen network tells its size
    counted = [*fitted, *one_shard.values()]
    values = [records.store.read(n.key) for n in counted if records.of(n)]
    return Cost(
        fit_seconds=_fit_seconds(fitting, fold.train.digests, records),
        predict_ms=1000 * _seconds_per_image(target, records),
        parameters=_total(values, "parameters"),
        multiply_adds=_total(values, "multiply_adds"),
        bytes=sum(map(records.bytes, fitted)),
        peak_memory=max(records.of(n).get("peak_memory", 0) for n in topological_order([scores])),
    )


def prediction_path(scores: Node) -> tuple[list[Node], list[Node]]:
    """The nodes between images and scores, and the models that these use, parents first.

    Models are what was fitted, and what sees no images at all, such as pretrained weights. What
    they are made from (the inner folds of stacking, say) is in neither.
    """
    order = topological_order([scores])
    seeing = _that_see_images(order)
    path: set[str] = set()
    models: set[str] = set()
    waiting = [scores]
    while waiting:
        node = waiting.pop()
        if node.learns or node.key not in seeing:
            models.add(node.key)
        elif node.key not in path:
            path.add(node.key)
            waiting += node.parents
    return [n for n in order if n.key in path], [n for n in order if n.key in models]


def _that_see_images(order: list[Node]) -> set[str]:
    found: set[str] = set()
    for node in order:
        direct = node.shard or any(isinstance(given, Subset) for given in node.inputs)
        if direct or any(parent.key in found for parent in node.parents):
            found.add(node.key)
    return found


def _fit_seconds(nodes: list[Node], train: tuple[str, ...], records: Records) -> float:
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
    """Of every step from file to scores, the typical time; the steps of all branches add up.

    A step is done for each shard and fold. The first time in a process it includes imports and
    compilation, which no further image pays for. Of a search, whose folds may have picked
    different steps, those of the last fold count.
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
    typical = {number: median(found.values()) for number, found in warm.items()}
    quickest = {number: min(found.values()) for number, found in cold.items()}
    return sum((quickest | typical).values())


def _steps(scores: list[Node]) -> dict[str, int]:
    """A number for each node: the same where stage, parameters and what they stand on are.

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


def _total(values: list[Any], name: str) -> int | None:
    found = [v[name] for v in values if name in v]
    return sum(found) if found else None
