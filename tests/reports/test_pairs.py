import numpy as np
import pytest
import synthetic
from hypothesis import given
from hypothesis import strategies as st

from strata.reports.evaluation import evaluate
from strata.reports.pairs import all_pairs, difference_interval, find_pair
from strata.reports.significance import corrected_t_test, holm, mcnemar


def on(split: str, **qualities: float):
    return {
        name: evaluate(
            synthetic.scores(quality=quality, seed=i, folds=8 if split == "cv" else 1), split, 8
        )
        for i, (name, quality) in enumerate(qualities.items())
    }


def test_folds_are_tested_by_the_corrected_t_test_and_adjusted_over_all_pairs():
    methods = on("cv", a=2.0, b=2.4, c=3.0)
    pairs = all_pairs(methods, "cv")
    assert [(p.first, p.second) for p in pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    raw = []
    for pair in pairs:
        one, two = methods[pair.first].folds, methods[pair.second].folds
        assert pair.difference == pytest.approx(one.mean - two.mean)
        raw.append(corrected_t_test(one.units - two.units, 1 / 7).p)
    assert [p.test.p for p in pairs] == pytest.approx(raw)
    assert [p.p_adjusted for p in pairs] == pytest.approx(holm(np.array(raw)).tolist())


def test_interval_leaves_out_zero_exactly_where_the_test_rejects():
    for pair in all_pairs(on("cv", a=2.0, b=2.2, c=2.6, d=3.2), "cv"):
        low, high = pair.interval
        assert (low > 0 or high < 0) == (pair.test.p < 0.05)


def test_test_images_are_compared_by_mcnemar():
    methods = on("test", a=2.0, b=2.6)
    (pair,) = all_pairs(methods, "test")
    right = [m.scores.predictions == m.scores.labels for m in methods.values()]
    expected = mcnemar(int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum()))
    assert pair.test == expected


@pytest.mark.parametrize("split", ["cv", "test"])
def test_methods_on_other_images_are_not_tested_and_it_says_why(split):
    folds = 8 if split == "cv" else 1
    methods = {
        "a": evaluate(synthetic.scores(folds=folds), split, 8),
        "b": evaluate(synthetic.scores(folds=folds, per_class=50), split, 8),
    }
    (pair,) = all_pairs(methods, split)
    assert pair.test is None
    assert pair.distinguishable is None
    assert "same" in pair.untested


def test_a_difference_that_is_the_same_on_every_fold_is_not_tested():
    scores = synthetic.scores(quality=9.0, folds=4, per_class=10)
    fewer = scores.scores.copy()
    for fold in range(4):
        row = np.flatnonzero(scores.fold == fold)[0]  # one image a fold, given to another class
        fewer[row] = np.eye(8)[(scores.labels[row] + 1) % 8]
    worse = type(scores)(**{**vars(scores), "scores": fewer})
    methods = {"a": evaluate(scores, "cv", 8), "b": evaluate(worse, "cv", 8)}
    (pair,) = all_pairs(methods, "cv")
    assert pair.difference == pytest.approx(1 / 20)
    assert pair.distinguishable is None
    assert "same on every fold" in pair.untested
    (pair,) = all_pairs({"a": methods["a"], "b": methods["a"]}, "cv")
    assert pair.distinguishable is False


def test_a_pair_is_found_in_either_order():
    pairs = all_pairs(on("cv", a=2.0, b=2.4), "cv")
    assert find_pair(pairs, "b", "a") is find_pair(pairs, "a", "b") is pairs[0]
    assert find_pair(pairs, "a", "c") is None


@given(st.integers(0, 40), st.integers(0, 40), st.integers(80, 400))
def test_interval_of_a_difference_turns_with_the_order_and_holds_the_shrunken_difference(b, c, n):
    low, high = difference_interval(b, c, n)
    assert difference_interval(c, b, n) == pytest.approx((-high, -low))
    assert low <= (b - c) / (n + 2) <= high


def test_interval_of_a_difference_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(6)
    draws = rng.multinomial(200, [0.10, 0.04, 0.86], 3000)
    ends = [difference_interval(int(b), int(c), 200) for b, c, _ in draws]
    assert 0.935 < np.mean([low <= 0.06 <= high for low, high in ends]) < 0.975
