import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import bootstrap

from strata.reports.comparison.evaluation import evaluate
from strata.reports.model.scores import Scores
from strata.reports.statistics.bootstrap import bootstrap_interval, correct_by_fold
from strata.reports.statistics.intervals import UNKNOWN, wilson_interval
from tests.reports import synthetic


def test_the_interval_is_that_of_scipy():
    """Independent samples of scipy are strata; each end within the noise of 9,999 draws."""
    rng = np.random.default_rng(0)
    strata = [(rng.random(n) < 0.8).astype(float) for n in (60, 61, 62, 60)]

    def mean(*folds, axis):
        return np.mean([fold.mean(axis=axis) for fold in folds], axis=0)

    theirs = bootstrap(
        strata, mean, method="percentile", vectorized=True, random_state=1
    ).confidence_interval
    assert bootstrap_interval(strata) == pytest.approx(tuple(theirs), abs=0.004)


def test_so_many_intervals_hold_the_true_accuracy_as_they_say():
    """Of 150 experiments with an accuracy of 0.85 on 8 folds of 40 images: 95 %, give or take."""
    rng, held = np.random.default_rng(0), 0
    for _ in range(150):
        interval = bootstrap_interval(list((rng.random((8, 40)) < 0.85).astype(float)))
        held += interval.low <= 0.85 <= interval.high
    assert 0.91 <= held / 150 <= 0.99


def test_the_interval_is_the_same_in_every_run():
    strata = [np.array([0.0, 1.0, 1.0])] * 3
    assert bootstrap_interval(strata) == bootstrap_interval(strata)


fold = st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=30)


@given(st.lists(fold, min_size=1, max_size=5))
def test_the_interval_holds_the_mean_within_zero_and_one(folds):
    strata = [np.array(values) for values in folds]
    low, high = bootstrap_interval(strata)
    assert 0 <= low <= np.mean([values.mean() for values in strata]) <= high <= 1


def test_equal_values_have_the_interval_of_wilson():
    assert bootstrap_interval([np.ones(30), np.ones(20)]) == wilson_interval(50, 50)
    assert bootstrap_interval([]) == UNKNOWN


def test_an_image_counts_with_its_mean_over_repeats():
    ids, labels = ["a", "b", "c", "d"] * 2, np.array([0, 0, 1, 1] * 2)
    predicted = np.array([0, 1, 1, 1, 0, 0, 0, 1])
    scores = Scores(ids, labels, np.repeat([0, 1], 4), np.array([0, 1] * 4), np.eye(2)[predicted])
    assert [values.tolist() for values in correct_by_fold(scores)] == [[1.0, 0.5], [0.5, 1.0]]


def test_an_evaluation_has_the_interval_that_was_asked_for():
    cv, test = synthetic.scores(), synthetic.scores(split="test", folds=1)
    for scores, split in ((cv, "cv"), (test, "test")):
        usual, drawn = (evaluate(scores, split, 8, kind) for kind in ("t", "bootstrap"))
        assert usual.accuracy == drawn.accuracy
        assert usual.interval != drawn.interval
        assert drawn.interval == bootstrap_interval(correct_by_fold(scores))
    assert evaluate(cv, "cv", 8).interval == evaluate(cv, "cv", 8, "t").interval
