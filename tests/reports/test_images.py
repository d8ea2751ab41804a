import numpy as np
import pytest
import synthetic
from hypothesis import given
from hypothesis import strategies as st

from strata.reports.evaluation import evaluate
from strata.reports.images import (
    Joint,
    agreement,
    any_right,
    confusions,
    error_overlap,
    joint,
    missed_by_all,
    only_right_in,
    surest_answers,
    surest_hits,
    worst_mistakes,
)
from strata.reports.scores import Scores


def tiny(rows: dict[str, tuple[int, list[float]]], probabilities=None):
    labels = np.array([label for label, _ in rows.values()])
    values = np.array([scores for _, scores in rows.values()], float)
    zeros = np.zeros(len(rows), int)
    return evaluate(Scores(list(rows), labels, zeros, zeros, values, probabilities), "test", 3)


ONE = {
    "a": (0, [5, 1, 0]),
    "b": (0, [1, 4, 0]),
    "c": (1, [0, 2, 1]),
    "d": (2, [9, 0, 1]),
    "e": (2, [0, 0, 3]),
}
OTHER = {
    "a": (0, [5, 1, 0]),
    "b": (0, [1, 0, 4]),
    "c": (1, [2, 0, 1]),
    "d": (2, [9, 0, 1]),
    "e": (2, [0, 0, 3]),
}


def test_worst_mistakes_come_with_their_margin_over_the_truth():
    found = worst_mistakes(tiny(ONE), 5)
    assert [(j.image, j.true, j.predicted, j.margin) for j in found] == [
        ("d", 2, 0, 8.0),
        ("b", 0, 1, 3.0),
    ]
    assert worst_mistakes(tiny(ONE), 1) == found[:1]


def test_each_class_has_its_worst_mistake_and_its_surest_answer():
    rows = ONE | {"f": (0, [0, 3, 0]), "g": (1, [6, 0, 0])}
    assert [j.image for j in worst_mistakes(tiny(rows), 9, each_class=1)] == ["d", "g", "b"]
    answers = surest_answers(tiny(rows), 9)
    assert [(j.image, j.true, j.predicted) for j in answers] == [
        ("d", 2, 0),
        ("b", 0, 1),
        ("e", 2, 2),
    ]


def test_surest_hits_are_measured_against_the_runner_up():
    found = surest_hits(tiny(ONE), 5)
    assert [(j.image, j.margin) for j in found] == [("a", 4.0), ("e", 3.0), ("c", 1.0)]


def test_one_class_does_not_fill_the_hits():
    found = surest_hits(evaluate(synthetic.scores(quality=4.0), "cv", 8), 16)
    counts = np.bincount([j.true for j in found], minlength=8)
    assert counts.tolist() == [2] * 8


def test_margins_are_probabilities_where_there_are_some():
    values = np.array([scores for _, scores in ONE.values()], float)
    probabilities = values / values.sum(axis=1, keepdims=True)
    assert worst_mistakes(tiny(ONE, probabilities), 1)[0].margin == pytest.approx(0.8)


def test_methods_are_compared_on_the_images_they_share():
    fewer = {name: row for name, row in OTHER.items() if name != "c"}
    both = joint({"one": tiny(ONE), "other": tiny(fewer)})
    assert both.images == ["a", "b", "d", "e"]
    assert both.labels.tolist() == [0, 0, 2, 2]
    assert both.predictions.tolist() == [[0, 1, 0, 2], [0, 2, 0, 2]]


def test_agreement_counts_equal_answers_right_or_wrong():
    both = joint({"one": tiny(ONE), "other": tiny(OTHER)})
    assert agreement(both) == pytest.approx(np.array([[1.0, 0.6], [0.6, 1.0]]))


def test_shared_mistakes_are_a_part_of_the_mistakes_of_either():
    both = joint({"one": tiny(ONE), "other": tiny(OTHER)})
    # one: b and d are wrong; other: b, c and d.
    assert error_overlap(both) == pytest.approx(np.array([[1, 2 / 3], [2 / 3, 1]]))
    assert any_right(both) == pytest.approx(3 / 5)


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 4))
def test_only_right_in_one_group_is_what_its_most_get_right_and_no_other(seed, first, second):
    rng = np.random.default_rng(seed)
    m, n = first + second, 30
    labels = rng.integers(0, 3, n)
    predictions = np.where(rng.random((m, n)) < 0.5, labels, rng.integers(0, 3, (m, n)))
    images = [f"{i:02}" for i in range(n)]
    both = Joint([str(i) for i in range(m)], images, labels, predictions, rng.random((m, n)))
    found = only_right_in(both, range(first), range(first, m))
    expected = set()
    for i in range(n):
        right = [predictions[k, i] == labels[i] for k in range(m)]
        if sum(right[:first]) > first / 2 and not any(right[first:]):
            expected.add(images[i])
    assert {one.image for one in found} == expected
    assert all(sum(votes for _, votes in one.said) == second for one in found)
    assert [one.right for one in found] == sorted((one.right for one in found), reverse=True)


def test_images_that_all_miss_come_with_what_was_said_surest_first():
    both = joint({"one": tiny(ONE), "other": tiny(OTHER)})
    assert [(m.image, m.true, m.said) for m in missed_by_all(both)] == [
        ("d", 2, [(0, 2)]),
        ("b", 0, [(1, 1), (2, 1)]),
    ]


def test_one_method_alone_has_no_one_to_agree_with():
    assert joint({"one": tiny(ONE)}) is None


def test_confusions_are_the_largest_wrong_cells():
    matrix = np.array([[9, 2, 0], [5, 7, 1], [0, 0, 8]])
    assert confusions(matrix, 2) == [(1, 0, 5), (0, 1, 2)]
    assert len(confusions(matrix, 9)) == 3
