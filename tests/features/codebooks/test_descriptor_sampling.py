import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.errors import InputError
from strata.features.codebooks.descriptor_sampling import (
    even_quotas,
    sample_descriptors,
    sample_local,
)
from strata.features.descriptors.local_descriptors import LocalDescriptors
from strata.pipeline.graph.sharded_arrays import PerImage


@given(st.lists(st.integers(0, 40), max_size=12), st.integers(0, 200), st.integers(0, 9))
def test_quotas_are_even_and_never_more_than_there_is(counts, n, seed):
    counts = np.array(counts, np.int64)
    quotas = even_quotas(counts, n, np.random.default_rng(seed))
    assert quotas.sum() == min(n, counts.sum())
    assert (quotas <= counts).all()
    unexhausted = quotas[quotas < counts]
    if len(unexhausted):  # nobody gave two fewer than another while having more to give
        assert quotas.max() - unexhausted.min() <= 1


def local(n, start):
    """Descriptors that say which image and row they are."""
    rows = np.arange(start, start + n, dtype=np.float32)
    return LocalDescriptors(np.repeat(rows[:, None], 3, 1), np.stack([rows, rows], 1), rows)


def test_rows_travel_with_their_positions_and_scales():
    drawn = sample_local([local(50, 1), local(5, 100), local(0, 0)], 30, np.random.default_rng(0))
    assert drawn.descriptors.dtype == np.float32
    assert len(drawn.descriptors) == 30
    assert (drawn.descriptors[:, 0] >= 100).sum() == 5
    assert len(np.unique(drawn.scales)) == 30
    np.testing.assert_array_equal(drawn.descriptors[:, 0], drawn.scales)
    np.testing.assert_array_equal(drawn.descriptors[:, :2], drawn.positions)


@pytest.mark.parametrize("keep_zero", [False, True])
def test_rows_without_contrast_are_left_out_unless_asked_for(keep_zero):
    flat = np.zeros((200, 4), np.uint8)
    flat[::20] = 7
    drawn = sample_descriptors([flat], 50, np.random.default_rng(0), keep_zero=keep_zero)
    assert len(drawn) == (50 if keep_zero else 10)
    assert drawn.any(axis=1).all() == (not keep_zero)


def test_the_same_generator_draws_the_same_rows():
    images = [np.arange(1, 301, dtype=np.float32).reshape(100, 3) + i for i in range(3)]
    first, second = (sample_descriptors(images, 20, np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_nothing_to_learn_from_is_an_error_for_the_user():
    for images in ([], [np.zeros((9, 4))], [LocalDescriptors.empty(4)]):
        with pytest.raises(InputError, match="no descriptor"):
            sample_descriptors(images, 10, np.random.default_rng(0))


@pytest.mark.parametrize("sample", [sample_local, sample_descriptors])
def test_few_images_are_held_at_a_time(sample):
    alive, most = weakref.WeakSet(), []

    class Rows(np.ndarray):  # plain arrays take no weak references in a set: they do not hash
        __hash__ = object.__hash__

    def image(number):
        rows = np.full((50, 4), number + 1.0, np.float32).view(Rows)
        alive.add(rows)
        most.append(len(alive))
        return rows

    sample(PerImage(40, image), 200, np.random.default_rng(0))
    assert len(most) >= 40
    assert max(most) <= 3
