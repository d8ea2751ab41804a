import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import binom

from strata.reports.comparison.evaluation import evaluate
from strata.reports.comparison.pairs import (
    _t_interval,
    difference_interval,
    find_pair,
    pairwise_tests,
)
from strata.reports.statistics.significance import corrected_t_test, holm, mcnemar_test
from tests.reports import synthetic


def on(split: str, **qualities: float):
    return {
        name: evaluate(
            synthetic.scores(quality=quality, seed=i, folds=8 if split == "cv" else 1), split, 8
        )
        for i, (name, quality) in enumerate(qualities.items())
    }


def test_folds_are_tested_by_the_corrected_t_test_and_adjusted_over_all_pairs():
    methods = on("cv", a=2.0, b=2.4, c=3.0)
    pairs = pairwise_tests(methods, "cv")
    assert [(p.first, p.second) for p in pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    raw = []
    for pair in pairs:
        one, two = methods[pair.first].folds, methods[pair.second].folds
        assert pair.difference == pytest.approx(one.mean - two.mean)
        raw.append(corrected_t_test(one.units - two.units, 1 / 7).p)
    assert [p.test.p for p in pairs] == pytest.approx(raw)
    assert [p.p_adjusted for p in pairs] == pytest.approx(holm(np.array(raw)).tolist())


@pytest.mark.parametrize("split", ["cv", "test"])
def test_an_interval_excludes_zero_exactly_where_the_pair_is_significant(split):
    qualities = {"a": 2.0, "b": 2.2, "c": 2.6, "d": 3.2, "e": 2.3, "f": 2.65}
    pairs = pairwise_tests(on(split, **qualities), split)
    assert {pair.significant for pair in pairs} == {True, False}
    assert any(pair.test.p < 0.05 <= pair.p_adjusted for pair in pairs)
    for pair in pairs:
        low, high = pair.interval
        assert (low > 0 or high < 0) == pair.significant
        assert -1 <= low <= pair.difference <= high <= 1


def test_of_two_methods_the_interval_has_95_percent():
    (pair,) = pairwise_tests(on("cv", a=2.0, b=2.4), "cv")
    assert pair.interval == pair.interval_at(0.05)


def test_intervals_over_folds_stay_where_differences_can_be():
    low, high = _t_interval(0.5, 0.2, 3, 0.05)
    assert low < 0
    assert high == 1


def test_test_images_are_compared_by_mcnemar():
    methods = on("test", a=2.0, b=2.6)
    (pair,) = pairwise_tests(methods, "test")
    right = [m.scores.predictions == m.scores.labels for m in methods.values()]
    expected = mcnemar_test(int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum()))
    assert pair.test == expected


@pytest.mark.parametrize("split", ["cv", "test"])
def test_methods_on_other_images_are_not_tested_and_it_says_why(split):
    folds = 8 if split == "cv" else 1
    methods = {
        "a": evaluate(synthetic.scores(folds=folds), split, 8),
        "b": evaluate(synthetic.scores(folds=folds, per_class=50), split, 8),
    }
    (pair,) = pairwise_tests(methods, split)
    assert pair.test is None
    assert pair.significant is None
    assert "same" in pair.untested


def test_a_difference_that_is_the_same_on_every_fold_is_not_tested():
    scores = synthetic.scores(quality=9.0, folds=4, per_class=10)
    fewer = scores.scores.copy()
    for fold in range(4):
        row = np.flatnonzero(scores.fold == fold)[0]  # one image a fold, given to another class
        fewer[row] = np.eye(8)[(scores.labels[row] + 1) % 8]
    worse = type(scores)(**{**vars(scores), "scores": fewer})
    methods = {"a": evaluate(scores, "cv", 8), "b": evaluate(worse, "cv", 8)}
    (pair,) = pairwise_tests(methods, "cv")
    assert pair.difference == pytest.approx(1 / 20)
    assert pair.significant is None
    assert "same on every fold" in pair.untested
    (pair,) = pairwise_tests({"a": methods["a"], "b": methods["a"]}, "cv")
    assert pair.significant is False


def test_a_pair_is_found_in_either_order():
    pairs = pairwise_tests(on("cv", a=2.0, b=2.4), "cv")
    assert find_pair(pairs, "b", "a") is find_pair(pairs, "a", "b") is pairs[0]
    assert find_pair(pairs, "a", "c") is None


counts = st.integers(0, 40), st.integers(0, 40), st.integers(80, 400)


@given(*counts)
def test_interval_of_a_difference_turns_with_the_order_and_holds_the_difference(b, c, n):
    low, high = difference_interval(b, c, n, 0.05)
    assert difference_interval(c, b, n, 0.05) == pytest.approx((-high, -low), abs=1e-8)
    assert -1 <= low <= (b - c) / n <= high <= 1


@given(*counts, st.sampled_from([0.05, 0.01, 0.05 / 45]))
def test_interval_of_a_difference_leaves_out_zero_exactly_where_mcnemar_rejects(b, c, n, level):
    low, high = difference_interval(b, c, n, level)
    assert (low > 0 or high < 0) == (mcnemar_test(b, c).p < level)


@pytest.mark.parametrize(("b", "c", "n"), [(0, 0, 1), (1, 0, 1), (0, 30, 30), (15, 15, 30)])
def test_interval_of_a_difference_at_the_extremes(b, c, n):
    low, high = difference_interval(b, c, n, 0.05)
    assert -1 <= low <= (b - c) / n <= high <= 1
    assert low < high


@pytest.mark.parametrize(("b", "c", "n"), [(12, 2, 54), (5, 9, 80), (30, 14, 200)])
def test_at_the_ends_of_the_interval_the_test_just_rejects(b, c, n):
    few = b + c < 25
    for d in difference_interval(b, c, n, 0.05):

        def unlikely(q, d=d):  # of the counts, with shares d + q, q and the rest
            return -(b * np.log(d + q) + c * np.log(q) + (n - b - c) * np.log(1 - d - 2 * q))

        bounds = (max(0, -d) + 1e-9, (1 - d) / 2 - 1e-9)
        q = minimize_scalar(unlikely, bounds=bounds, method="bounded", options={"xatol": 1e-9}).x
        if few and (d - (b - c) / n) * (b - c) < 0:  # the end on the side of 0: the exact test
            tail = binom.sf(max(b, c) - 1, b + c, (q + d if b > c else q) / (2 * q + d))
            assert tail == pytest.approx(0.025, rel=1e-3)
            continue
        variance = n * (2 * q + d - d * d)
        assert (abs(b - c - n * d) - 1) / variance**0.5 == pytest.approx(1.959964, rel=1e-4)


@pytest.mark.parametrize(
    "shares", [[0.10, 0.04, 0.86], [0.4, 0.02, 0.58], [0.03, 0.03, 0.94], [0.06, 0.03, 0.91]]
)
def test_interval_of_a_difference_covers_the_truth_at_least_as_often_as_it_says(shares):
    rng = np.random.default_rng(6)
    draws = rng.multinomial(200, shares, 1500)
    ends = [difference_interval(int(b), int(c), 200, 0.05) for b, c, _ in draws]
    truth = shares[0] - shares[1]
    assert 0.945 < np.mean([low <= truth <= high for low, high in ends]) < 0.995
