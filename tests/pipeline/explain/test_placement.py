import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from strata.pipeline.explain.placement import LONGEST, on_whole_image


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 9))
def test_the_square_lies_in_the_middle_of_images_of_any_shape(height, width, side):
    found = on_whole_image(np.ones((side, side), np.float32), height, width)
    assert found.dtype == np.float32
    assert max(found.shape) <= LONGEST
    known = np.isfinite(found)
    assert (found[known] == 1).all()
    rows, columns = np.flatnonzero(known.any(1)), np.flatnonzero(known.any(0))
    assert known[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
    for places, length in ((rows, found.shape[0]), (columns, found.shape[1])):
        before, after = places[0], length - 1 - places[-1]
        assert abs(before - after) <= 2
    if height == width:
        assert known.all()


def test_what_the_network_leaves_out_of_the_square_is_left_out():
    square = np.full((4, 4), np.nan, np.float32)
    square[1:3, 1:3] = 1
    found = on_whole_image(square, 40, 80)
    assert found.shape == (40, 80)
    assert np.isfinite(found[10:30, 30:50]).all()
    assert np.isfinite(found).sum() == 400
