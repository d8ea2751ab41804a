import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.models.training.lr_finder import _steepest


@given(st.integers(15, 84), st.integers(0, 99))
def test_the_steepest_place_is_found_in_spite_of_noise(middle, seed):
    rng = np.random.default_rng(seed)
    falling = 2 - 1.5 / (1 + np.exp(-(np.arange(100) - middle) / 3))
    assert abs(_steepest(falling + rng.normal(0, 0.02, 100)) - middle) <= 6


@pytest.mark.parametrize("losses", [[], [1.0], [2.0, 1.0], [1.0, 1.0, 1.0], [1.0, 2.0, 3.0, 4.0]])
def test_a_loss_that_never_falls_gives_no_suggestion(losses):
    assert _steepest(np.array(losses)) is None


@given(st.lists(st.floats(0, 9), min_size=3, max_size=40))
def test_the_slope_is_that_of_the_line_of_least_squares(losses):
    found, values = _steepest(np.array(losses)), np.array(losses)
    reach = min(10, (len(values) - 1) // 2)
    slopes = [
        np.polyfit(np.arange(2 * reach + 1), values[i : i + 2 * reach + 1], 1)[0]
        for i in range(len(values) - 2 * reach)
    ]
    if found is None:
        assert min(slopes) > -1e-9
    else:
        assert slopes[found - reach] == pytest.approx(min(slopes), abs=1e-9)
