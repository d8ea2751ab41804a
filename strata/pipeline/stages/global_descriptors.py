"""Whole images to one vector each, of which nothing is learned."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from strata.pipeline.graph.parameter_types import Count, Sizes
from strata.pipeline.graph.stage import shard_stage

if TYPE_CHECKING:
    import numpy as np


@shard_stage
def spatial_envelope(
    images: "Iterable[np.ndarray]",
    *,
    size: Count = 128,
    orientations: Sizes = (8, 8, 8, 8),
    cells: Count = 4,
) -> dict[str, Any]:
    """How strong which textures are in which part of the image.

    Parameters as of `strata.features.descriptors.gist.Gist`.
    """
    from strata.features.descriptors.gist import Gist

    return {"vectors": Gist(size, orientations, cells).transform(images)}
