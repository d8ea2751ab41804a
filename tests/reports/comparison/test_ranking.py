from dataclasses import replace

import numpy as np
import pytest

from strata.reports.comparison.ranking import rank
from strata.reports.model.results import Cost, MethodResult
from strata.reports.model.scores import Scores
from tests.reports import synthetic


def of(*methods: MethodResult):
    return rank(replace(synthetic.three(), methods=list(methods)))


def names(ranking):
    return [row.method.name for row in ranking.rows]


def test_best_comes_first_and_what_does_not_differ_significantly_is_tied():
    ranking = rank(synthetic.three())
    assert names(ranking) == ["fisher", "tinynet", "bovw"]
    assert [row.standing for row in ranking.rows] == ["best", "tied", "below"]
    assert [row.rank for row in ranking.rows] == [1, 2, 3]
    assert ranking.basis == "cv"


def test_standing_follows_the_adjusted_p_value_of_the_pair_with_the_best():
    for row in rank(synthetic.twenty()).rows[1:]:
        expected = "below" if row.to_best.p_adjusted < 0.05 else "tied"
        assert row.standing == expected


def test_of_equal_methods_the_cheaper_one_comes_first():
    scores = synthetic.scores()
    dear = MethodResult("dear", "r", cv=scores, cost=Cost(fit_seconds=90.0))
    cheap = MethodResult("cheap", "r", cv=scores, cost=Cost(fit_seconds=9.0))
    unknown = MethodResult("unknown", "r", cv=scores)
    assert names(of(unknown, dear, cheap)) == ["cheap", "dear", "unknown"]


def test_methods_are_equal_whatever_the_order_of_their_folds():
    """The same accuracies in another order have a mean that differs in its last bit."""

    def folds(*right: int) -> Scores:
        labels = np.zeros(50, int)
        said = np.concatenate([np.arange(10) >= r for r in right]).astype(int)
        ids = [str(i) for i in range(50)]
        return Scores(ids, labels, labels, np.repeat(np.arange(5), 10), np.eye(8)[said])

    dear = MethodResult("dear", "r", cv=folds(8, 7, 3, 9, 6), cost=Cost(fit_seconds=90.0))
    cheap = MethodResult("cheap", "r", cv=folds(7, 8, 9, 6, 3), cost=Cost(fit_seconds=9.0))
    ranking = of(dear, cheap)
    accuracies = [row.evaluations["cv"].accuracy for row in ranking.rows]
    assert accuracies[0] != accuracies[1] == pytest.approx(accuracies[0])
    assert names(ranking) == ["cheap", "dear"]


def test_test_images_rank_only_where_nothing_was_cross_validated():
    test = synthetic.scores(quality=9.0, folds=1, split="test")
    tested = MethodResult("tested", "r", test=test)
    crossed = MethodResult("crossed", "r", cv=synthetic.scores(quality=2.0))
    both = of(tested, crossed)
    assert names(both) == ["crossed", "tested"]
    assert [row.rank for row in both.rows] == [1, None]
    assert of(tested).basis == "test"


def test_scores_that_make_no_sense_become_an_error_of_their_method_alone():
    good = synthetic.scores()
    spoiled = Scores(**{**vars(good), "scores": np.full_like(good.scores, np.nan)})
    unsure = Scores(**{**vars(good), "probabilities": np.full_like(good.scores, np.nan)})
    narrow = Scores(**{**vars(good), "scores": good.scores[:, :3]})
    outside = Scores(**{**vars(good), "labels": good.labels + 100})
    empty = good.where(np.zeros(len(good.ids), bool))
    ranking = of(
        MethodResult("good", "r", cv=good),
        MethodResult("nan", "r", cv=spoiled),
        MethodResult("unsure", "r", cv=unsure),
        MethodResult("narrow", "r", cv=narrow),
        MethodResult("outside", "r", cv=outside),
        MethodResult("empty", "r", cv=empty),
    )
    assert names(ranking) == ["good"]
    errors = {method.name: method.error for method in ranking.failed}
    assert "finite" in errors["nan"]
    assert "probabilities that are not finite" in errors["unsure"]
    assert "3 scores for 8 classes" in errors["narrow"]
    assert errors["outside"]
    assert "no scored images" in errors["empty"]


def test_without_any_scores_there_is_no_ranking():
    ranking = of(MethodResult("a", "r", error="no weights"), MethodResult("b", "r"))
    assert ranking.basis is None
    assert ranking.best is None
    assert [method.name for method in ranking.failed] == ["a", "b"]


def two_folds(quality: float, test: float | None, seed: int) -> MethodResult:
    shape = {"quality": quality, "seed": seed}
    return MethodResult(
        f"{quality}",
        "r",
        cv=synthetic.scores(folds=2, **shape),
        test=None if test is None else synthetic.scores(split="test", folds=1, quality=test),
    )


def test_few_folds_rank_and_what_the_test_images_show_is_marked():
    """Two folds test nothing; on 480 test images 87 % against 37 % is decisive."""
    ranking = of(two_folds(2.9, 2.9, 1), two_folds(2.8, 2.88, 2), two_folds(1.2, 1.2, 3))
    assert names(ranking) == ["2.9", "2.8", "1.2"]
    assert [row.standing for row in ranking.rows] == ["best", "untested", "untested"]
    assert [row.on_test for row in ranking.rows] == ["untested", "tied", "below"]
    assert [row.mark for row in ranking.rows] == ["best", "tied", "below on test"]
    assert [row.method.name for row in ranking.near_best] == ["2.9", "2.8"]
    pair = ranking.rows[2].to_best
    assert pair.test is pair.interval is None
    assert "2 folds are too few" in pair.untested
    assert not np.isfinite(ranking.best.evaluations["cv"].interval).any()


def test_a_method_ahead_on_the_test_images_is_marked_and_ranked_as_before():
    ranking = of(two_folds(2.9, 1.5, 1), two_folds(2.5, 2.9, 2))
    assert names(ranking) == ["2.9", "2.5"]
    assert ranking.rows[1].mark == "above on test"
    assert len(ranking.near_best) == 2


def test_without_test_images_two_folds_mark_nothing():
    ranking = of(two_folds(2.9, None, 1), two_folds(1.2, None, 2))
    assert [row.mark for row in ranking.rows] == ["best", "untested"]


def test_a_difference_on_either_split_is_no_tie():
    for row in rank(synthetic.twenty()).rows[1:]:
        assert (row.mark == "tied") == (row.standing == row.on_test == "tied")
