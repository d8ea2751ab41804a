import pickle

import numpy as np
import pytest

from strata.reports.model.scores import Scores
from tests.reports import synthetic


def test_where_selects_rows_by_mask_and_by_index():
    scores = synthetic.scores(probabilities=True)
    mask = scores.fold == 2
    picked, indexed = scores.where(mask), scores.where(np.flatnonzero(mask))
    assert picked.ids == indexed.ids == [i for i, m in zip(scores.ids, mask, strict=True) if m]
    assert np.array_equal(picked.scores, scores.scores[mask])
    assert np.array_equal(indexed.probabilities, scores.probabilities[mask])


def test_scores_survive_pickling():
    scores = synthetic.scores()
    back = pickle.loads(pickle.dumps(scores))
    assert back.ids == scores.ids
    assert np.array_equal(back.scores, scores.scores)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": np.zeros(1, int)}, "one value per id"),
        ({"scores": np.zeros(2)}, "shape"),
        ({"probabilities": np.zeros((2, 9))}, "probabilities"),
        ({"ids": ["a", "a"]}, "twice"),
    ],
)
def test_shapes_that_do_not_agree_are_refused(change, message):
    whole = {
        "ids": ["a", "b"],
        "labels": np.array([0, 1]),
        "repeat": np.zeros(2, int),
        "fold": np.zeros(2, int),
        "scores": np.eye(2),
        "probabilities": None,
    }
    with pytest.raises(ValueError, match=message):
        Scores(**{**whole, **change})
