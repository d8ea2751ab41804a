"""Whole images to one vector each, of which nothing is learned."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from strata.parameter_types import PositiveInt, PositiveInts
from strata.pipeline.graph.stage import shard_stage

if TYPE_CHECKING:
    import numpy as np


@shard_stage
def spatial_envelope(
    images: "Iterable[np.ndarray]",
    *,
    size: PositiveInt = 128,
    orientations: PositiveInts = (8, 8, 8, 8),
    cells: PositiveInt = 4,
) -> dict[str, Any]:
    """How strong which textures are in which part of the image.

    Parameters as of `strata.features.descriptors.gist.GIST`.
    """
    from strata.features.descriptors.gist import GIST

    return {"vectors": GIST(size, orientations, cells).transform(images)}
