"""Captions of the worst mistakes: the predicted class, its probability, right or wrong."""

from dataclasses import replace

import numpy as np

from strata.pipeline.explain.worst_mistakes import verdicts
from strata.reports.model.scores import Scores

CLASSES = ["highway", "street"]
#: Two images in two repeats, of which the second one counts for nothing.
SCORES = Scores(
    ids=["b", "a", "a", "b"],
    labels=np.array([0, 0, 0, 0]),
    repeat=np.array([0, 0, 1, 1]),
    fold=np.array([0, 1, 0, 1]),
    scores=np.array([[-1.0, 1.0], [2.0, 1.0], [0.0, 1.0], [1.0, 0.0]]),
    probabilities=np.array([[0.174, 0.826], [0.6, 0.4], [0.5, 0.5], [0.5, 0.5]]),
)


def test_a_verdict_has_class_probability_and_mark():
    assert verdicts(SCORES, CLASSES) == {
        "a": "highway 0.60 ✓\N{NO-BREAK SPACE}right",
        "b": "street 0.83 ✗\N{NO-BREAK SPACE}wrong",
    }


def test_a_method_without_probabilities_has_none_in_its_verdict():
    found = verdicts(replace(SCORES, probabilities=None), CLASSES)
    assert found == {
        "a": "highway ✓\N{NO-BREAK SPACE}right",
        "b": "street ✗\N{NO-BREAK SPACE}wrong",
    }
