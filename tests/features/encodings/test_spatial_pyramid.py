from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.errors import InputError
from strata.features.encodings.spatial_pyramid import PyramidGrid, cell_of, pyramid
from strata.parameter_types import PyramidLayout


@pytest.mark.parametrize(
    ("layout", "levels", "cells"),
    [
        ("none", 2, [1]),
        ("square", 3, [1, 4, 16, 64]),
        ("paper", 3, [1, 4, 16, 36]),
        ("horizontal", 2, [1, 3, 6]),
        ("square", 0, [1]),
    ],
)
def test_cells_of_each_level(layout, levels, cells):
    assert [grid.cells for grid in pyramid(layout, levels)] == cells


@given(st.integers(0, 6))
def test_weights_are_those_of_lazebnik_and_sum_to_one(levels):
    weights = [grid.weight for grid in pyramid("square", levels)]
    assert sum(weights) == 1
    assert weights[0] == 2.0**-levels
    assert all(w == 2.0 ** (l - levels - 1) for l, w in enumerate(weights) if l)  # noqa: E741
    assert {grid.weight for grid in pyramid("square", levels, weighted=False)} == {1}


unit = st.floats(0, 1, width=32)


@given(st.lists(st.tuples(unit, unit), max_size=30), st.integers(1, 7), st.integers(1, 7))
def test_every_position_falls_into_the_cell_around_it(points, columns, rows):
    positions = np.array(points, np.float32).reshape(-1, 2)
    cells = cell_of(positions, PyramidGrid(columns, rows, 1))
    for (x, y), cell in zip(positions, cells, strict=True):
        row, column = divmod(int(cell), columns)
        assert 0 <= row < rows
        assert column - 1e-6 <= x * columns <= column + 1 + 1e-6
        assert row - 1e-6 <= y * rows <= row + 1 + 1e-6


def test_every_layout_has_levels():
    for layout in get_args(PyramidLayout):
        assert pyramid(layout)[0].cells == 1


def test_unknown_layouts_and_levels():
    with pytest.raises(InputError, match="'square'"):
        pyramid("sqare")
    with pytest.raises(InputError, match="level 0"):
        pyramid("square", -1)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_positions_that_are_not_finite_are_in_no_cell(bad):
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        cell_of(np.float32([[0.5, 0.5], [0.5, bad]]), PyramidGrid(2, 2, 1))
