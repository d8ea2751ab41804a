import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.errors import InputError
from strata.models.training.validation_split import hold_out


@given(st.lists(st.integers(0, 3), min_size=1), st.floats(0.01, 0.99), st.integers(0, 9))
def test_every_class_gives_its_share_and_keeps_an_image(labels, share, seed):
    numbers = np.array(labels)
    counts = np.bincount(numbers, minlength=4)
    wanted = np.floor(np.round(share * counts, 9)).astype(int)
    if not wanted.sum():
        with pytest.raises(InputError, match="validation set"):
            hold_out(numbers, share, np.random.default_rng(seed))
        return
    train, watched = hold_out(numbers, share, np.random.default_rng(seed))
    assert sorted([*train, *watched]) == list(range(len(numbers)))
    assert np.array_equal(np.bincount(numbers[watched], minlength=4), wanted)
    assert np.all((np.bincount(numbers[train], minlength=4) > 0) == (counts > 0))


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 15)), min_size=1, max_size=60),
    st.floats(0.1, 0.9),
    st.integers(0, 9),
)
def test_copies_stay_together_and_no_class_exceeds_its_fraction(pictures, share, seed):
    numbers, groups = np.array(pictures).T
    try:
        train, watched = hold_out(numbers, share, np.random.default_rng(seed), groups)
    except InputError:
        return
    assert sorted([*train, *watched]) == list(range(len(numbers)))
    assert not set(groups[train]) & set(groups[watched])
    counts = np.bincount(numbers, minlength=4)
    assert (np.bincount(numbers[watched], minlength=4) <= share * counts + 1e-9).all()


def test_the_validation_set_holds_no_copy_of_a_training_image():
    numbers, groups = np.repeat([0, 1], 60), np.repeat(np.arange(40), 3)
    train, watched = hold_out(numbers, 0.2, np.random.default_rng(0), groups)
    assert np.bincount(numbers[watched]).tolist() == [12, 12]
    assert not set(groups[train]) & set(groups[watched])


@pytest.mark.parametrize("share", [0.07, 0.14, 0.29, 0.57, 0.58])  # times 100: a bit too little
def test_a_hundred_images_give_as_many_as_the_share_says(share):
    _, watched = hold_out(np.zeros(100, int), share, np.random.default_rng(0))
    assert len(watched) == round(100 * share)
