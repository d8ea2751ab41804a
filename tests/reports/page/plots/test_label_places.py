from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.reports.page.plots.label_places import spread

places = st.lists(st.floats(-500, 500), max_size=12)


@given(places, st.floats(0.1, 30))
def test_labels_are_apart_in_their_order_around_their_mean(found, distance):
    moved = spread(found, distance)
    order = sorted(range(len(found)), key=lambda i: found[i])
    assert all(moved[b] - moved[a] >= distance - 1e-6 for a, b in pairwise(order))
    assert sum(moved) == pytest.approx(sum(found), abs=1e-5)


@given(places, st.floats(0.1, 30))
def test_labels_that_are_far_apart_stay(found, distance):
    apart = [value + 31 * rank for rank, value in enumerate(sorted(found))]
    assert spread(apart, distance) == pytest.approx(apart)


@given(places, st.floats(0.1, 30), st.floats(-500, 500))
def test_labels_stay_before_the_limit(found, distance, limit):
    moved = spread(found, distance, limit)
    assert max(moved, default=limit) <= limit
    ordered = sorted(moved)
    assert all(b - a >= distance - 1e-6 for a, b in pairwise(ordered))


def test_two_labels_at_one_place_move_half_the_distance_each():
    assert spread([10.0, 10.0], 12) == [4.0, 16.0]
