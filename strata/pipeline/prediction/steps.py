"""Steps from images to class scores, taken out of the graph of a method.

The graph has a node per stage and shard of the data set's images; its nodes that depend on images
and learn nothing, seen for one shard, are what a prediction does. Fitted nodes become artifacts
that steps are given.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from strata.pipeline.code.user_modules import import_from
from strata.pipeline.graph.inputs import ImageShard, Subset
from strata.pipeline.graph.prediction_path import prediction_path
from strata.pipeline.graph.stage import Input, Node, Sharded, Stage
from strata.pipeline.recipes.registry import user_module

AFFECTS_RESULTS = False  # arranges stages


@dataclass(frozen=True)
class PredictionStep:
    """A stage to run on a batch of images, in plain values.

    Attributes:
        stage: "module:function".
        parameters: keyword arguments of the function.
        inputs: positional arguments: `{"images": True}`, the batch; `{"subset": True}`, the same
            images as a subset without labels; `{"artifact": name}`; `{"step": i}`, the value of an
            earlier step; `{"shards": i}`, the same as an array in one shard; or lists of these.
    """

    stage: str
    parameters: dict[str, Any]
    inputs: list[Any]


@dataclass
class PredictionSteps:
    """Steps of a method, the last of which gives its scores, with what they need.

    Attributes:
        steps: earlier ones first.
        artifacts: fitted nodes, and others that depend on no images, by a name for each.
        modules: files of the stages that are not part of the package.
    """

    steps: list[PredictionStep] = field(default_factory=list)
    artifacts: dict[str, Node] = field(default_factory=dict)
    modules: list[Path] = field(default_factory=list)

    @classmethod
    def of(cls, scores: Node) -> "PredictionSteps":
        """Steps that lead to the scores of a fold's held-out images."""
        found = cls()
        on_images, _ = prediction_path(scores)
        _Collector(found, {node.key for node in on_images}).step(scores)
        return found


class _Collector:
    """Walk from a scores node to images; each stage becomes one step, whatever its shards."""

    def __init__(self, found: PredictionSteps, on_images: set[str]) -> None:
        self._found = found
        self._on_images = on_images
        self._numbers: dict[str, int] = {}
        self._names: dict[str, str] = {}

    def step(self, node: Node) -> int:
        """Number of a node's step."""
        if node.key not in self._numbers:
            inputs = [self._input(given) for given in node.inputs]
            reference = node.stage.reference
            address = f"{reference.module}:{reference.name}"
            if not reference.module.startswith("strata.") and reference.path not in (
                modules := self._found.modules
            ):
                modules.append(reference.path)
            parameters = {**node.parameters, **node.stage.in_prediction}
            self._found.steps.append(PredictionStep(address, parameters, inputs))
            self._numbers[node.key] = len(self._found.steps) - 1
        return self._numbers[node.key]

    def _input(self, given: Input) -> Any:
        if isinstance(given, ImageShard):
            return {"images": True}
        if isinstance(given, Subset):
            return {"subset": True}
        if isinstance(given, Sharded):
            return {"shards": self.step(given.nodes[0])}
        if isinstance(given, Node):
            if given.is_view or given.key in self._on_images:
                return {"step": self.step(given)}
            return {"artifact": self._artifact(given)}
        if isinstance(given, Sequence):
            return [self._input(part) for part in given]
        raise TypeError(f"a step of a prediction cannot read {given!r}")

    def _artifact(self, node: Node) -> str:
        if node.key not in self._names:
            name, others = node.stage.name, len(self._names)
            self._names[node.key] = f"{name}-{others}" if name in self._found.artifacts else name
            self._found.artifacts[self._names[node.key]] = node
        return self._names[node.key]


def stage_at(address: str, modules: Sequence[Path] = ()) -> Stage:
    """Stage of an address "module:function", of the package or of one of some files."""
    module, _, name = address.partition(":")
    path = next((path for path in modules if user_module(path) == module), Path(module))
    return cast(Stage, getattr(import_from(module, path), name))
