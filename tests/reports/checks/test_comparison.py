import numpy as np
import pytest

from strata.reports.model.results import MethodResult
from strata.reports.model.scores import Scores
from tests.reports import synthetic
from tests.reports.checks.asking import check, method


def test_a_failed_method_is_an_issue():
    found = check("R01", method(), MethodResult("lost", "r", error="no weights"))
    assert found.severity == "issue"
    assert found.sentences == ["lost: no weights"]
    assert check("R01", method()).severity == "passed"


def test_a_method_whose_scores_make_no_sense_is_an_issue():
    scores = synthetic.scores()
    nowhere = Scores(**{**vars(scores), "scores": np.full_like(scores.scores, np.nan)})
    found = check("R01", method(), method("lost", cv=nowhere))
    assert found.severity == "issue"
    assert found.sentences[0].startswith("lost: its scores could not be evaluated")


def test_methods_tied_with_the_best():
    found = check("R08", method("a", 2.6), method("b", 2.5, seed=1))
    assert found.severity == "tip"
    assert "not significantly different from" in found.sentences[0]
    assert check("R08", method("a", 3.0), method("b", 0.5, seed=1)).severity == "passed"
    assert check("R08", method()).severity == "not applicable"


def test_several_methods_ranked_on_test_images():
    test = synthetic.scores(split="test", folds=1)
    one, two = MethodResult("a", "r", test=test), MethodResult("b", "r", test=test)
    assert check("R09", one, two).severity == "tip"
    assert check("R09", method("a"), method("b")).severity == "passed"


def test_a_fusion_below_its_best_member():
    def fusion(quality):
        return method("all", quality, recipe="fusion", parameters={"of": ["a", "b"]}, seed=1)

    members = method("a", 3.0), method("b", 1.0, seed=2)
    found = check("R19", *members, fusion(0.5))
    assert found.severity == "tip"
    assert found.sentences[0].startswith("all: ")
    assert "points below its member a" in found.sentences[0]
    assert check("R19", *members, fusion(4.0)).severity == "passed"
    assert check("R19", *members).severity == "not applicable"
    lone = MethodResult("all", "fusion", parameters={"of": ["gone"]}, cv=members[0].cv)
    assert check("R19", lone).severity == "not applicable"


@pytest.mark.parametrize(
    ("combination", "advice"),
    [
        ({"use": "average_scores"}, 'To learn its weights: combination.use = "learned_weights".'),
        (
            {"use": "learned_weights", "parts": 1, "inner_folds": 4},
            "To learn its weights from more images: combination.parts = 4.",
        ),
        ({"use": "learned_weights", "parts": 4, "inner_folds": 4}, "its member a."),
        ({"use": "learned_weights", "parts": "auto", "inner_folds": 4}, "its member a."),
    ],
)
def test_the_advice_to_a_fusion_is_of_its_own_combination(combination, advice):
    given = {"of": ["a", "b"], "combination": combination}
    fused = method("all", 0.5, recipe="fusion", parameters=given, seed=1)
    found = check("R19", method("a", 3.0), method("b", 1.0, seed=2), fused)
    assert found.sentences[0].endswith(advice)
    assert "combination" not in found.remedy


def test_a_method_that_nobody_asked_for_is_no_issue():
    others = method(), MethodResult("tuned", "r")
    assert check("R01", *others).severity == "passed"
    found = check("R17", *others)
    assert found.severity == "tip"
    assert found.sentences[0].startswith("tuned: not computed")
    assert "error" not in found.remedy
    assert (
        check("R17", method(), MethodResult("lost", "r", error="no weights")).severity == "passed"
    )


def test_untested_pairs_are_not_applicable():
    one = method("a", cv=synthetic.scores(folds=1))
    other = method("b", cv=synthetic.scores(folds=1, quality=1.0))
    assert check("R08", one, other).severity == "not applicable"


@pytest.mark.parametrize("code", ["R02", "R03", "R08", "R09"])
def test_nothing_is_passed_where_no_method_has_results(code):
    found = check(code, MethodResult("lost", "r", error="no weights"))
    assert (found.severity, found.sentences) == ("not applicable", ["no method has results"])
