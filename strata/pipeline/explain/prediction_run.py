"""A prediction with the values of all its steps, to be explained."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from strata.pipeline.graph.stage import Stage
from strata.pipeline.prediction.batch import ImageBatch
from strata.pipeline.prediction.model import Model


@dataclass(frozen=True, eq=False)
class PredictionRun:
    """A model on a batch of images.

    Attributes:
        model: the method.
        batch: the images.
    """

    model: Model
    batch: ImageBatch

    @cached_property
    def stages(self) -> list[Stage]:
        """Stage of each step."""
        return self.model.stages

    @cached_property
    def values(self) -> list[Mapping[str, Any]]:
        """Value of each step."""
        return self.model.values(self.batch)

    def inputs(self, step: int) -> list[Any]:
        """Inputs of a step, as the steps have them."""
        return self.model.steps[step].inputs

    def parameters(self, step: int) -> dict[str, Any]:
        """Parameters of a step."""
        return self.model.steps[step].parameters

    def artifact(self, step: int, role: str = "") -> Mapping[str, Any]:
        """The fitted artifact that a step takes; of several, the one with an entry of that name."""
        names = [
            g["artifact"] for g in self.inputs(step) if isinstance(g, dict) and "artifact" in g
        ]
        found = (self.model.artifacts[name] for name in names)
        return next(artifact for artifact in found if not role or role in artifact)


def source(given: Any) -> int | None:
    """Number of the step that an input is the value of; None of other inputs."""
    if not isinstance(given, dict):
        return None
    number: int | None = given.get("step", given.get("shards"))
    return number
