import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.errors import InputError
from strata.models.hold_out import hold_out


@given(st.lists(st.integers(0, 3), min_size=1), st.floats(0.01, 0.99), st.integers(0, 9))
def test_every_class_gives_its_share_and_keeps_an_image(labels, share, seed):
    numbers = np.array(labels)
    counts = np.bincount(numbers, minlength=4)
    wanted = (share * counts).astype(int)
    if not wanted.sum():
        with pytest.raises(InputError, match="validation part"):
            hold_out(numbers, share, np.random.default_rng(seed))
        return
    train, watched = hold_out(numbers, share, np.random.default_rng(seed))
    assert sorted([*train, *watched]) == list(range(len(numbers)))
    assert np.array_equal(np.bincount(numbers[watched], minlength=4), wanted)
    assert np.all((np.bincount(numbers[train], minlength=4) > 0) == (counts > 0))
