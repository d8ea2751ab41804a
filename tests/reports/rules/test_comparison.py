import numpy as np
import synthetic
from tests.reports.rules.asking import check, method

from strata.reports.results import Method
from strata.reports.scores import Scores


def test_a_failed_method_is_an_issue():
    found = check("R01", method(), Method("lost", "r", error="no weights"))
    assert found.severity == "issue"
    assert found.sentences == ["lost: no weights"]
    assert check("R01", method()).severity == "passed"


def test_a_method_whose_scores_make_no_sense_is_an_issue():
    scores = synthetic.scores()
    nowhere = Scores(**{**vars(scores), "scores": np.full_like(scores.scores, np.nan)})
    found = check("R01", method(), method("lost", cv=nowhere))
    assert found.severity == "issue"
    assert found.sentences[0].startswith("lost: its scores could not be evaluated")


def test_methods_within_noise():
    found = check("R08", method("a", 2.6), method("b", 2.5, seed=1))
    assert found.severity == "tip"
    assert "cannot be told from" in found.sentences[0]
    assert check("R08", method("a", 3.0), method("b", 0.5, seed=1)).severity == "passed"
    assert check("R08", method()).severity == "not applicable"


def test_several_methods_ranked_on_test_images():
    test = synthetic.scores(split="test", folds=1)
    one, two = Method("a", "r", test=test), Method("b", "r", test=test)
    assert check("R09", one, two).severity == "tip"
    assert check("R09", method("a"), method("b")).severity == "passed"
