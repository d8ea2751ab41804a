"""Maps over an image whose sum is that of contributions: over supports, or cells of a grid."""

import numpy as np


def contribution_map(
    values: np.ndarray, positions: np.ndarray, sizes: np.ndarray, shape: tuple[int, int]
) -> np.ndarray:
    """Sum of contributions, each spread evenly over its support rectangle.

    Supports are rounded to whole pixels, one at least, and clipped at the border: what would lie
    beyond it is spread over the part inside. The time is that of the descriptors and the pixels,
    whatever the supports' sizes: each support is four numbers, of which the map is the double
    cumulative sum.

    Args:
        values: (n,) contributions.
        positions: (n, 2) centers (x, y), in units of the image's sides.
        sizes: (n, 2) sides of the supports (x, y), in the same units.
        shape: (h, w) of the map, in pixels.

    Returns:
        (h, w) float32.
    """
    h, w = shape
    lengths = np.array([w, h], np.float64)
    first = np.rint((positions - np.asarray(sizes) / 2) * lengths).astype(np.int64)
    last = np.rint((positions + np.asarray(sizes) / 2) * lengths).astype(np.int64)
    first = np.clip(first, 0, (w - 1, h - 1))
    last = np.clip(last, first + 1, (w, h))
    (left, top), (right, bottom) = first.T, last.T
    density = np.asarray(values, np.float64) / ((right - left) * (bottom - top))
    corners = np.concatenate(
        [y * (w + 1) + x for y, x in ((top, left), (top, right), (bottom, left), (bottom, right))]
    )
    steps = np.concatenate([density, -density, -density, density])
    grid = np.bincount(corners, steps, (h + 1) * (w + 1)).reshape(h + 1, w + 1)
    return grid.cumsum(axis=0).cumsum(axis=1)[:h, :w].astype(np.float32)


def cell_map(values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Values (rows, columns) of the cells of an even division, spread over (h, w) pixels, float32.

    The map's sum is that of the values.
    """
    rows, columns = values.shape
    down, along = np.mgrid[:rows, :columns]
    positions = np.stack([(along + 0.5) / columns, (down + 0.5) / rows], axis=-1).reshape(-1, 2)
    sizes = np.broadcast_to([1 / columns, 1 / rows], positions.shape)
    return contribution_map(values.ravel(), positions, sizes, shape)
