"""A trained method that classifies any images, without store, experiment file or training images.

The same steps run wherever the method is: `strata predict` with a method's name or a model file,
explanations, and Python.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from strata.errors import InputError
from strata.image_io import Range
from strata.pipeline.graph.inputs import Subset
from strata.pipeline.graph.sharded_arrays import Shards
from strata.pipeline.graph.stage import Stage
from strata.pipeline.prediction.batch import ImageBatch
from strata.pipeline.prediction.images import Images, batches_of
from strata.pipeline.prediction.steps import PredictionStep, stage_at


@dataclass(frozen=True)
class ScoredBatch:
    """Scores of a batch's images.

    Attributes:
        scores: (n, classes) float64.
        probabilities: likewise; None of a method that gives none.
        undescribed: (n,) bool: images of which the method sees nothing: a white wall has no local
            descriptors, and the scores are those of an empty vector.
    """

    scores: np.ndarray
    probabilities: np.ndarray | None
    undescribed: np.ndarray


@dataclass(frozen=True, eq=False)
class Model:
    """A trained method.

    Attributes:
        name: of the method.
        classes: their names, sorted; scores have a column for each.
        steps: from images to scores, the last one.
        artifacts: what is fitted, by the names that steps have for it.
        value_ranges: of the values of images whose files do not state it, by kind.
        modules: files of the stages that are not part of the package.
        facts: what is told about the method, in JSON values.
    """

    name: str
    classes: tuple[str, ...]
    steps: tuple[PredictionStep, ...]
    artifacts: Mapping[str, Mapping[str, Any]] = field(repr=False)
    value_ranges: Mapping[str, Range] = field(default_factory=dict, repr=False)
    modules: tuple[Path, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def classes_(self) -> np.ndarray:
        """Class names (classes,), in the order of the scores' columns."""
        return np.array(self.classes)

    @property
    def stages(self) -> list[Stage]:
        """Stage of each step."""
        return [stage_at(step.stage, self.modules) for step in self.steps]

    def values(self, batch: ImageBatch) -> list[Mapping[str, Any]]:
        """Value of each step for a batch of images; the last one has `scores` (n, classes)."""
        subset = batch.subset(self.classes)
        found: list[Mapping[str, Any]] = []
        for stage, step in zip(self.stages, self.steps, strict=True):
            inputs = [self._input(given, batch, subset, found) for given in step.inputs]
            found.append(stage.function(*inputs, **step.parameters))
        return found

    def _input(
        self, given: Any, batch: ImageBatch, subset: Subset, found: Sequence[Mapping[str, Any]]
    ) -> Any:
        if isinstance(given, list):
            return [self._input(part, batch, subset, found) for part in given]
        ((kind, which),) = given.items()
        if kind == "images":
            return batch
        if kind == "subset":
            return subset
        if kind == "artifact":
            return self.artifacts[which]
        if kind == "step":
            return found[which]
        return Shards([batch.digests], lambda _: found[which])

    def scored(self, batch: ImageBatch) -> ScoredBatch:
        """Scores of a batch of images."""
        values = self.values(batch)
        probabilities = values[-1].get("probabilities")
        return ScoredBatch(
            np.asarray(values[-1]["scores"], np.float64),
            None if probabilities is None else np.asarray(probabilities, np.float64),
            ~self.described(values, len(batch)),
        )

    def described(self, values: Sequence[Mapping[str, Any]], images: int) -> np.ndarray:
        """Mask (n,) of the images that have a descriptor other than zero, or are read whole."""
        seen = np.zeros(images, bool)
        for stage, step, value in zip(self.stages, self.steps, values, strict=True):
            if {"images": True} not in step.inputs:
                continue
            if stage.role != "local descriptors":
                return np.ones(images, bool)
            offsets = value["offsets"]
            seen |= [
                bool(value["descriptors"][begin:end].any()) for begin, end in pairwise(offsets)
            ]
        return seen

    def decision_function(self, images: Images) -> np.ndarray:
        """Scores (n, classes) float64 of images.

        Args:
            images: a list of paths, PIL images, and uint8 arrays (H, W, 3), RGB, or (H, W); or an
                array (n, H, W, 3).

        Raises:
            InputError: one image in the place of several, or something that is no image.
            ImageError: a file that cannot be read.
        """
        batches = batches_of(images, self.value_ranges)
        parts = [self.scored(batch).scores for batch in batches]
        return np.concatenate([np.zeros((0, len(self.classes))), *parts])

    def predict_proba(self, images: Images) -> np.ndarray:
        """Probabilities (n, classes) float64 of images, see `decision_function`.

        Raises:
            InputError: likewise, or the method gives no probabilities.
        """
        batches = batches_of(images, self.value_ranges)
        parts = [self.scored(batch).probabilities for batch in batches]
        if any(part is None for part in parts):
            raise InputError(
                f"{self.name} gives no probabilities.",
                "decision_function gives its scores; a support vector machine gives "
                "probabilities with inner_folds of 2 or more.",
            )
        return np.concatenate(
            [np.zeros((0, len(self.classes))), *(p for p in parts if p is not None)]
        )

    def predict(self, images: Images) -> np.ndarray:
        """Class names (n,) of images, see `decision_function`."""
        return self.classes_[self.decision_function(images).argmax(axis=1)]
