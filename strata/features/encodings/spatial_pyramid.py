"""Spatial pyramids: divisions of an image into cells, each of which gets a histogram.

One set of local descriptors and one codebook serve all cells; a descriptor is counted, level by
level, in the cell that contains its center.
"""

from typing import NamedTuple, get_args

import numpy as np
from sklearn.utils import assert_all_finite

from strata.errors import InputError, nearest
from strata.parameter_types import PyramidLayout


class PyramidGrid(NamedTuple):
    """One level: the image divided into columns x rows equal cells, with the level's weight."""

    columns: int
    rows: int
    weight: float

    @property
    def cells(self) -> int:
        """Number of cells of the level."""
        return self.columns * self.rows


def pyramid(
    layout: PyramidLayout, levels: int = 2, *, weighted: bool = True
) -> tuple[PyramidGrid, ...]:
    """Levels of a spatial pyramid, coarse to fine.

    Args:
        layout: "none" is the whole image. "square" has 2^l x 2^l cells at level l (Lazebnik,
            Schmid, Ponce 2006). "paper" has 2l x 2l, "horizontal" 3l strips of full width
            (both arXiv:2105.04895), and one cell at level 0.
        levels: the finest level L, counted from 0.
        weighted: whether level l >= 1 weighs 2^(l-L-1) and level 0 2^-L, as in Lazebnik et al. (the
            weights sum to one); otherwise all weigh 1.

    Raises:
        InputError: unknown layout, or a negative level.

    Examples:
        >>> from strata.features import pyramid
        >>> [(grid.columns, grid.rows, grid.weight) for grid in pyramid("square", levels=2)]
        [(1, 1, 0.25), (2, 2, 0.25), (4, 4, 0.5)]
    """
    if levels < 0:
        raise InputError(f"A pyramid has at least level 0, not levels = {levels}.")
    match layout:
        case "none":
            return (PyramidGrid(1, 1, 1.0),)
        case "square":
            sides = [(2**level, 2**level) for level in range(levels + 1)]
        case "paper":
            sides = [(max(1, 2 * level), max(1, 2 * level)) for level in range(levels + 1)]
        case "horizontal":
            sides = [(1, max(1, 3 * level)) for level in range(levels + 1)]
        case _:
            raise InputError(
                f"There is no pyramid '{layout}'.", nearest(str(layout), get_args(PyramidLayout))
            )
    weights = [2.0 ** -min(levels, levels - level + 1) if weighted else 1.0
               for level in range(levels + 1)]  # fmt: skip
    return tuple(PyramidGrid(*side, weight) for side, weight in zip(sides, weights, strict=True))


def cell_of(positions: np.ndarray, grid: PyramidGrid) -> np.ndarray:
    """Index of the cell that contains each position, row by row from the top left.

    Args:
        positions: (n, 2), (x, y) in units of the image's sides; the far edges belong to the last
            column and row.
        grid: the level.

    Returns:
        (n,) int64 in [0, grid.cells).

    Raises:
        ValueError: a position that is not finite.
    """
    assert_all_finite(positions, input_name="positions")
    sides = np.array([grid.columns, grid.rows])
    column, row = np.clip(np.floor(positions * sides).astype(np.int64), 0, sides - 1).T
    return row * grid.columns + column
