import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from strata.reports.statistics.roc import auc, roc_curve, roc_summary
from tests.reports import synthetic

cases = st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=2, max_size=60).filter(
    lambda rows: 0 < sum(positive for positive, _ in rows) < len(rows)
)


def unpack(rows):
    return np.array([r[0] for r in rows]), np.array([r[1] for r in rows], float)


@settings(max_examples=40, deadline=None)
@given(cases)
def test_area_agrees_with_scikit_learn(rows):
    positive, scores = unpack(rows)
    assert auc(positive, scores) == pytest.approx(roc_auc_score(positive, scores))


@settings(max_examples=40, deadline=None)
@given(cases)
def test_area_is_that_under_the_curve(rows):
    positive, scores = unpack(rows)
    false, true = roc_curve(positive, scores)
    assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)
    assert np.trapezoid(true, false) == pytest.approx(auc(positive, scores))


def test_area_needs_both_kinds():
    assert np.isnan(auc(np.array([True, True]), np.array([1.0, 2.0])))


def test_folds_are_averaged_and_not_pooled():
    """A shift of one fold's scores, which moves no prediction, must not move the areas."""
    scores = synthetic.scores(folds=4)
    before = roc_summary(scores)
    scores.scores[scores.fold == 1] += 100.0
    after = roc_summary(scores)
    assert np.array_equal(before.areas, after.areas)
    assert np.array_equal(before.curves, after.curves)


def test_summary_of_one_run_has_scikit_learns_areas():
    scores = synthetic.scores(folds=1)
    expected = [roc_auc_score(scores.labels == c, scores.scores[:, c]) for c in range(8)]
    found = roc_summary(scores)
    assert found.areas == pytest.approx(expected)
    assert found.macro == pytest.approx(np.mean(expected))


def test_class_that_is_absent_from_a_fold_is_averaged_over_the_others():
    scores = synthetic.scores(folds=2)
    kept = scores.where(~((scores.labels == 0) & (scores.fold == 0)))
    rest = kept.where(kept.fold == 1)
    expected = roc_auc_score(rest.labels == 0, rest.scores[:, 0])
    assert roc_summary(kept).areas[0] == pytest.approx(expected)
