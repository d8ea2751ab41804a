import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.features.descriptors.contribution_map import cell_map, contribution_map


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(0, 30),
    shape=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    size=st.floats(0, 2),
)
def test_the_sum_is_that_of_the_contributions_with_none_lost_at_the_border(seed, n, shape, size):
    rng = np.random.default_rng(seed)
    values, positions = rng.normal(size=n), rng.random((n, 2), np.float32)
    positions[: n // 4] = rng.integers(0, 2, size=(n // 4, 2))  # on the border
    found = contribution_map(values, positions, np.full((n, 2), size), shape)
    assert found.shape == shape
    assert found.dtype == np.float32
    assert found.sum(dtype=float) == pytest.approx(
        values.sum(), abs=1e-5 * (1 + np.abs(values).sum())
    )


def test_it_is_the_sum_of_rectangles():
    rng = np.random.default_rng(0)
    values, positions = rng.normal(size=9), rng.random((9, 2))
    sizes = np.tile([0.25, 0.4], (9, 1))
    expected = np.zeros((20, 40))
    for value, (x, y) in zip(values, positions, strict=True):
        left, right = max(0, round((x - 0.125) * 40)), min(40, round((x + 0.125) * 40))
        top, bottom = max(0, round((y - 0.2) * 20)), min(20, round((y + 0.2) * 20))
        expected[top:bottom, left:right] += value / ((bottom - top) * (right - left))
    found = contribution_map(values, positions, sizes, (20, 40))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_support_smaller_than_a_pixel_is_a_pixel():
    found = contribution_map(np.array([2.0]), np.array([[1.0, 0.5]]), np.full((1, 2), 1e-4), (4, 4))
    assert found[2, 3] == found.sum() == 2


def test_cells_tile_the_image():
    values = np.arange(12.0).reshape(3, 4)
    np.testing.assert_allclose(
        cell_map(values, (6, 8)), values.repeat(2, axis=0).repeat(2, axis=1) / 4, atol=1e-6
    )
    assert cell_map(values, (7, 9)).sum(dtype=float) == pytest.approx(values.sum())


def test_many_supports_cost_little_more_than_their_pixels():
    rng = np.random.default_rng(0)
    n = 30_000
    started = time.process_time()
    contribution_map(rng.normal(size=n), rng.random((n, 2)), np.full((n, 2), 0.3), (400, 400))
    assert time.process_time() - started < 0.3
