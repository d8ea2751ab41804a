"""Feature map of a network's layer as dense local descriptors."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import normalize

from strata.features.descriptors.local_descriptors import LocalDescriptors


def feature_map_descriptors(
    values: NDArray[np.floating], side: int, norm: Literal["none", "l2"] = "l2"
) -> LocalDescriptors:
    """Vectors at the positions of a feature map, row by row, as local descriptors.

    Args:
        values: (h, w, d), one vector for each cell of an even division of the image.
        side: of the image, in pixels.
        norm: "l2" scales each vector to length 1 and leaves zero vectors; "none" scales nothing.

    Returns:
        (h w, d) descriptors at the cells' centers; the scale is a cell's longer side.
    """
    h, w, d = values.shape
    vectors = values.reshape(-1, d).astype(np.float32)
    if norm == "l2":
        vectors = normalize(vectors)
    y, x = np.mgrid[:h, :w].astype(np.float32).reshape(2, -1)
    positions = np.stack([(x + 0.5) / w, (y + 0.5) / h], axis=1).astype(np.float32)
    return LocalDescriptors(vectors, positions, np.full(h * w, side / min(h, w), np.float32))
