"""Inputs of ONNX graphs: images of a network's size, or vectors that a stage makes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from strata.models.training.resize import resize_images
from strata.pipeline.prediction.batch import ImageBatch


@dataclass(frozen=True)
class SquareImages:
    """Images cropped to a square and resized: (n, size, size, channels) uint8."""

    size: int
    color: bool = True

    @property
    def name(self) -> str:
        """Name of the input where a graph has no other of its kind."""
        return "images"

    @property
    def suffix(self) -> str:
        """End of the name where it has."""
        return f"_{self.size}" if self.color else f"_{self.size}_gray"

    @property
    def described(self) -> str:
        """Type and preparation, for the file's metadata."""
        shape = f"(n, {self.size}, {self.size}, {3 if self.color else 1})"
        kind = "RGB" if self.color else "gray (luma of ITU-R BT.601, as OpenCV has it)"
        return (
            f"uint8 {shape}, {kind}: the largest centered square of the image, resized with "
            f"OpenCV to {self.size} x {self.size} pixels, INTER_AREA to shrink it, INTER_LINEAR "
            "to enlarge it. strata.models.resize_images does the same."
        )

    def of(self, batch: ImageBatch, values: Sequence[Mapping[str, Any]]) -> np.ndarray:
        """The input for a batch of images."""
        return resize_images(batch, self.size, color=self.color)


@dataclass(frozen=True)
class StageVectors:
    """Vectors that a step makes: (n, d) float32."""

    step: int
    stage: str

    @property
    def name(self) -> str:
        """Name of the input where a graph has no other of its kind."""
        return "vectors"

    @property
    def suffix(self) -> str:
        """End of the name where it has."""
        return f"_{self.step}"

    @property
    def described(self) -> str:
        """Type and origin, for the file's metadata."""
        return f"float32 (n, d), as strata's stage {self.stage} makes them of images."

    def of(self, batch: ImageBatch, values: Sequence[Mapping[str, Any]]) -> np.ndarray:
        """The input for a batch of images, of which the steps have the given values."""
        return np.asarray(values[self.step]["vectors"], np.float32)


GraphInput = SquareImages | StageVectors


def named(inputs: Sequence[GraphInput]) -> dict[str, GraphInput]:
    """Inputs by name: "images", "vectors", or with a suffix where there are several."""
    kinds = [given.name for given in inputs]
    return {
        given.name + (given.suffix if kinds.count(given.name) > 1 else ""): given
        for given in inputs
    }
