import numpy as np
import pytest

from strata.reports.comparison.evaluation import evaluate
from strata.reports.comparison.hardest_images import (
    most_confident_correct,
    most_confident_errors,
    smallest_margins,
    top_image_per_class,
)
from tests.reports import synthetic
from tests.reports.synthetic import ONE, tiny


def test_confident_errors_have_their_margin_over_the_true_class():
    found = most_confident_errors(tiny(ONE), 5)
    assert [(j.image, j.true, j.predicted, j.margin) for j in found] == [
        ("d", 2, 0, 8.0),
        ("b", 0, 1, 3.0),
    ]
    assert most_confident_errors(tiny(ONE), 1) == found[:1]


def test_per_class_limit_and_top_image_per_class():
    rows = ONE | {"f": (0, [0, 3, 0]), "g": (1, [6, 0, 0])}
    assert [j.image for j in most_confident_errors(tiny(rows), 9, max_per_class=1)] == [
        "d",
        "g",
        "b",
    ]
    answers = top_image_per_class(tiny(rows), 9)
    assert [(j.image, j.true, j.predicted) for j in answers] == [
        ("d", 2, 0),
        ("b", 0, 1),
        ("e", 2, 2),
    ]


def test_correct_images_have_their_margin_over_the_runner_up():
    found = most_confident_correct(tiny(ONE), 5)
    assert [(j.image, j.margin) for j in found] == [("a", 4.0), ("e", 3.0), ("c", 1.0)]


def test_one_class_does_not_fill_the_hits():
    found = most_confident_correct(evaluate(synthetic.scores(quality=4.0), "cv", 8), 16)
    counts = np.bincount([j.true for j in found], minlength=8)
    assert counts.tolist() == [2] * 8


def test_margins_are_probabilities_where_there_are_some():
    values = np.array([scores for _, scores in ONE.values()], float)
    probabilities = values / values.sum(axis=1, keepdims=True)
    assert most_confident_errors(tiny(ONE, probabilities), 1)[0].margin == pytest.approx(0.8)


def test_the_closest_calls_are_right_and_wrong_ones_of_the_least_margin():
    found = smallest_margins(tiny(ONE), 3)
    assert [(j.image, j.right, j.margin) for j in found] == [
        ("c", True, 1.0),
        ("e", True, 3.0),
        ("b", False, 3.0),
    ]
