import re
from dataclasses import replace

from strata.reports.comparison.ranking import rank
from strata.reports.model.results import Comparison, Cost, MethodResult
from strata.reports.summary.verdict import verdict
from tests.reports import synthetic


def of(*methods: MethodResult) -> Comparison:
    return replace(synthetic.three(), methods=list(methods))


def method(name: str, quality: float, seconds: float, ms: float, seed: int = 0) -> MethodResult:
    scores = synthetic.scores(quality=quality, seed=seed)
    return MethodResult(name, "r", cv=scores, cost=Cost(fit_seconds=seconds, predict_ms=ms))


def test_headline_names_the_best_its_accuracy_its_interval_and_the_split():
    ranking = rank(synthetic.three())
    headline = verdict(ranking).headline
    low, high = ranking.best.evaluations["cv"].interval
    assert headline.startswith("fisher: accuracy 87.3 %")
    assert f"{100 * low:.1f}–{100 * high:.1f}" in headline
    assert "8-fold cross-validation" in headline


def test_cheaper_method_not_significant_is_named_with_its_cost():
    said = verdict(rank(of(method("dear", 2.6, 90, 5), method("thrifty", 2.5, 30, 9, 1)))).cost
    assert "1 min 30 s" not in said
    assert "90.0 s to fit" in said
    assert (
        "thrifty is not significantly different from it and costs the least to fit "
        "(30.0 s, 3.0 times less)" in said
    )


def test_without_a_cheaper_one_the_verdict_says_so():
    said = verdict(rank(of(method("best", 2.6, 10, 1), method("dear", 2.5, 30, 9, 1)))).cost
    assert "dear is not significantly different from it, and not cheaper." in said


def test_a_clear_lead_is_called_one():
    said = verdict(rank(of(method("best", 3.0, 10, 1), method("poor", 0.5, 30, 9, 1)))).cost
    assert "Its lead over every other method is significant." in said


def test_limitations():
    whole = synthetic.three()
    assert any("one seed" in limit for limit in verdict(rank(whole)).limits)
    crossed = [replace(m, test=None) for m in whole.methods]
    assert any("No test images" in s for s in verdict(rank(of(*crossed))).limits)
    tested = [replace(m, cv=None) for m in whole.methods]
    assert any("ranked by test accuracy" in s for s in verdict(rank(of(*tested))).limits)
    failed = [*whole.methods, MethodResult("lost", "r", error="no weights")]
    assert any("no results of lost" in s for s in verdict(rank(of(*failed))).limits)


def test_several_seeds_lift_that_limit():
    repeated = MethodResult("a", "r", cv=synthetic.scores(repeats=3))
    found = verdict(rank(of(repeated)))
    assert not any("one seed" in limit for limit in found.limits)
    assert "8-fold cross-validation with 3 repeats" in found.headline
    best = MethodResult(
        "b", "r", cv=synthetic.scores(quality=9.0)
    )  # the others' seeds came to nothing
    assert not any("every method" in s.lower() for s in verdict(rank(of(best, repeated))).limits)


def test_nothing_to_say_without_results():
    assert (
        verdict(rank(of(MethodResult("a", "r", error="no")))).headline
        == "No method has results yet."
    )


def test_kinds_are_compared_by_their_best_methods():
    said = verdict(rank(synthetic.three())).kinds
    assert said.startswith("Classical methods reach ")
    assert "(fisher) and deep methods reach" in said
    assert "(tinynet)" in said
    assert "fisher and tinynet do not differ significantly" in said


def test_kinds_that_differ_on_the_test_images_only():
    whole = synthetic.three()
    near = [
        replace(m, test=synthetic.scores(quality=9.0 if m.name == "fisher" else 0.5, split="test"))
        for m in whole.methods
    ]
    said = verdict(rank(replace(whole, methods=near))).kinds
    assert re.search(
        r"do not differ significantly in cross-validation \([\d.]+ points\); on the test images "
        r"fisher leads significantly \([\d.]+ points\)\.",
        said,
    )


def test_one_kind_is_not_compared():
    whole = synthetic.three()
    classical = [m for m in whole.methods if m.kind == "classical"]
    assert verdict(rank(replace(whole, methods=classical))).kinds == ""


def test_nothing_is_called_cheaper_or_not_where_costs_are_unknown():
    known = method("best", 2.6, 10, 1)
    unknown = replace(method("other", 2.5, 0, 0, 1), cost=None)
    for best in (known, replace(known, cost=None)):
        said = verdict(rank(of(best, unknown))).cost
        assert said.endswith("other is not significantly different from it.")


def test_a_single_method_is_not_called_the_best_of_several():
    limits = verdict(rank(of(method("alone", 2.5, 1, 1)))).limits
    assert not any("several" in limit for limit in limits)


def test_large_differences_not_significant_are_explained_by_what_was_tested():
    whole = synthetic.three(per_class=8)
    two = [m for m in whole.methods if m.name != "fisher"]

    def said(methods, **without):
        made = [replace(m, **without) for m in methods]
        return next(s for s in verdict(rank(of(*made))).limits if s.startswith("Differences up"))

    assert "with 1 pair of methods tested on 8 folds. More repeats would" in said(two)
    tested = said(two, cv=None)
    assert "with 1 pair of methods tested on 32 images. More test images would" in tested
    three = said(whole.methods)
    assert "3 pairs of methods tested on 8 folds. More repeats or fewer methods would" in three


def test_a_best_method_no_better_than_a_constant_answer_is_not_praised_without_a_word():
    useless = MethodResult("blind", "r", cv=synthetic.scores(quality=0.0, per_class=8))
    first = verdict(rank(of(useless))).limits[0]
    assert first == ("blind is not shown to beat the majority-class baseline of 12.5 %.")
    useful = MethodResult("sees", "r", cv=synthetic.scores(quality=3.0, per_class=8))
    assert not any("majority-class" in limit for limit in verdict(rank(of(useful))).limits)


def test_some_of_the_folds_are_not_called_a_whole_cross_validation():
    whole = synthetic.scores(quality=1.0)
    part = synthetic.scores(quality=3.0)
    methods = [
        MethodResult("whole", "r", cv=whole),
        MethodResult("part", "r", cv=part.where(part.fold < 3), error="the rest ran out of memory"),
    ]
    assert verdict(rank(of(*methods))).headline.endswith(
        " in 3 of the 8 folds of cross-validation."
    )


def test_a_method_far_below_is_no_cheaper_choice_for_all_that_it_is_within_noise():
    def few(name, quality, seconds, seed=0):
        scores = synthetic.scores(quality=quality, seed=seed, per_class=8, folds=3)
        return MethodResult(name, "r", cv=scores, cost=Cost(seconds, 1.0))

    best, close, far = few("best", 2.9, 90), few("close", 2.8, 60, 1), few("far", 1.9, 2, 2)
    said = verdict(rank(of(best, close, far))).cost
    assert said.endswith(
        "close and far are not significantly different from it; of those at most 5 points below, "
        "close costs the least to fit (60.0 s, 1.5 times less)."
    )
    assert verdict(rank(of(best, far))).cost.endswith(
        "far is not significantly different from it, but more than 5 points below."
    )
    dear = replace(close, cost=Cost(200.0, 1.0))
    assert verdict(rank(of(best, dear, far))).cost.endswith(
        "; of those at most 5 points below, none is cheaper."
    )
