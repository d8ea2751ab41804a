import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.reports.comparison.shared_errors import (
    JointPredictions,
    agreement,
    correct_only_in,
    error_overlap,
    joint_predictions,
    missed_by_all,
    oracle_accuracy,
)
from tests.reports.synthetic import ONE, tiny

OTHER = {
    "a": (0, [5, 1, 0]),
    "b": (0, [1, 0, 4]),
    "c": (1, [2, 0, 1]),
    "d": (2, [9, 0, 1]),
    "e": (2, [0, 0, 3]),
}


def test_methods_are_compared_on_the_images_they_share():
    fewer = {name: row for name, row in OTHER.items() if name != "c"}
    both = joint_predictions({"one": tiny(ONE), "other": tiny(fewer)})
    assert both.images == ["a", "b", "d", "e"]
    assert both.labels.tolist() == [0, 0, 2, 2]
    assert both.predictions.tolist() == [[0, 1, 0, 2], [0, 2, 0, 2]]


def test_agreement_counts_equal_answers_right_or_wrong():
    both = joint_predictions({"one": tiny(ONE), "other": tiny(OTHER)})
    assert agreement(both) == pytest.approx(np.array([[1.0, 0.6], [0.6, 1.0]]))


def test_error_overlap_is_the_jaccard_index():
    both = joint_predictions({"one": tiny(ONE), "other": tiny(OTHER)})
    # one: b and d are wrong; other: b, c and d.
    assert error_overlap(both) == pytest.approx(np.array([[1, 2 / 3], [2 / 3, 1]]))
    assert oracle_accuracy(both) == pytest.approx(3 / 5)


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 4))
def test_correct_only_in_one_group_is_what_its_majority_alone_gets_right(seed, first, second):
    rng = np.random.default_rng(seed)
    m, n = first + second, 30
    labels = rng.integers(0, 3, n)
    predictions = np.where(rng.random((m, n)) < 0.5, labels, rng.integers(0, 3, (m, n)))
    images = [f"{i:02}" for i in range(n)]
    both = JointPredictions(
        [str(i) for i in range(m)], images, labels, predictions, rng.random((m, n))
    )
    found = correct_only_in(both, range(first), range(first, m))
    expected = set()
    for i in range(n):
        right = [predictions[k, i] == labels[i] for k in range(m)]
        if sum(right[:first]) > first / 2 and not any(right[first:]):
            expected.add(images[i])
    assert {one.image for one in found} == expected
    assert all(sum(votes for _, votes in one.predicted) == second for one in found)
    assert [one.right for one in found] == sorted((one.right for one in found), reverse=True)


def test_images_that_all_methods_miss_come_with_their_predictions():
    both = joint_predictions({"one": tiny(ONE), "other": tiny(OTHER)})
    assert [(m.image, m.true, m.predicted) for m in missed_by_all(both)] == [
        ("d", 2, [(0, 2)]),
        ("b", 0, [(1, 1), (2, 1)]),
    ]


def test_one_method_alone_has_no_one_to_agree_with():
    assert joint_predictions({"one": tiny(ONE)}) is None
