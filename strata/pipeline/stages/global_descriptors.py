"""Whole images to one vector each, of which nothing is learned."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from strata.pipeline.graph.decorators import shard_stage


@shard_stage(
    estimator="strata.features.descriptors.gist:GIST",
    role="vectors",
    features="designed",
)
def gist_descriptor(images: Iterable[np.ndarray], **parameters: Any) -> dict[str, Any]:
    """GIST: energies of Gabor filters in a grid of cells, `vectors` (images, d) float32."""
    from strata.features.descriptors.gist import GIST

    return {"vectors": GIST(**parameters).transform(images)}
