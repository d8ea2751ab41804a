"""A map of vectors, such as a layer of a network gives, as dense local descriptors."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import normalize

from strata.features.descriptors.local_descriptors import LocalDescriptors


def descriptors_of(
    values: NDArray[np.floating], side: int, norm: Literal["none", "l2"] = "l2"
) -> LocalDescriptors:
    """The vectors of a map's places, row by row.

    Args:
        values: (h, w, d), of an image's even cells.
        side: of the image, pixels.
        norm: "l2": each vector to length 1, those without length as they are; "none".

    Returns:
        (h w, d) with the cells' centers; as scale, a cell's longer side.
    """
    h, w, d = values.shape
    vectors = values.reshape(-1, d).astype(np.float32)
    if norm == "l2":
        vectors = normalize(vectors)
    y, x = np.mgrid[:h, :w].astype(np.float32).reshape(2, -1)
    positions = np.stack([(x + 0.5) / w, (y + 0.5) / h], axis=1).astype(np.float32)
    return LocalDescriptors(vectors, positions, np.full(h * w, side / min(h, w), np.float32))
