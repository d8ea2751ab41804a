"""Each rule on results that should raise it and on results that should not."""

from dataclasses import replace

import numpy as np
import pytest
import synthetic

from strata.reports.checks import Rule, run_checks
from strata.reports.ranking import rank
from strata.reports.results import Method, Scores
from strata.reports.rules import RULES


def check(code: str, *methods: Method, **data):
    whole = synthetic.three()
    whole = replace(whole, methods=list(methods), data=replace(whole.data, **data))
    (found,) = [c for c in run_checks(rank(whole), RULES) if c.code == code]
    return found


def method(name: str = "a", quality: float = 3.0, **fields) -> Method:
    seed = fields.pop("seed", 0)
    return Method(name, "r", **{"cv": synthetic.scores(quality=quality, seed=seed), **fields})


def spoiled(scores: Scores, rows: np.ndarray) -> Scores:
    """The rows' images are given to the next class."""
    values = scores.scores.copy()
    values[rows] = np.eye(8)[(scores.labels[rows] + 1) % 8]
    return Scores(**{**vars(scores), "scores": values})


def test_a_failed_method_is_an_issue():
    found = check("R01", method(), Method("lost", "r", error="no weights"))
    assert found.severity == "issue"
    assert found.sentences == ["lost: no weights"]
    assert check("R01", method()).severity == "passed"


def test_chance_is_no_better_than_the_largest_class():
    rng = np.random.default_rng(0)
    scores = synthetic.scores()
    guessing = Scores(**{**vars(scores), "scores": rng.normal(size=scores.scores.shape)})
    assert check("R02", method(cv=guessing)).severity == "issue"
    assert check("R02", method()).severity == "passed"


def coin(images: int, right: int) -> Scores:
    """Two classes of one size, of test images; so many are right."""
    labels = np.arange(images) % 2
    said = np.where(np.arange(images) < right, labels, 1 - labels)
    zeros, ids = np.zeros(images, int), [str(i) for i in range(images)]
    return Scores(ids, labels, zeros, zeros, np.eye(8)[said])


def test_few_images_do_not_make_a_method_useless():
    few = check("R02", method(cv=None, test=coin(12, 7)))
    assert few.severity == "tip"
    assert "12 images are too few to tell" in few.sentences[0]
    assert check("R02", method(cv=None, test=coin(600, 305))).severity == "issue"
    assert check("R02", method(cv=None, test=coin(12, 12))).severity == "passed"
    assert check("R02", method(test=coin(12, 7))).severity == "passed"  # cross-validation tells


def test_methods_that_beat_the_largest_class_are_called_useless_on_no_sample_size():
    rng = np.random.default_rng(4)
    for images in (10, 30, 100, 300):
        right = rng.binomial(images, 0.7, 30)
        found = [check("R02", method(cv=None, test=coin(images, int(k)))) for k in right]
        assert np.mean([f.severity == "issue" for f in found]) <= 0.04


def test_a_lost_class_is_named():
    scores = synthetic.scores(quality=4.0)
    found = check("R03", method(cv=spoiled(scores, scores.labels == 2)))
    assert found.severity == "issue"
    assert "highway" in found.sentences[0]
    assert check("R03", method()).severity == "passed"


def test_a_test_far_below_cross_validation_is_an_issue():
    shape = {"split": "test", "folds": 1}
    poor, fair = (synthetic.scores(quality=q, **shape) for q in (1.0, 3.0))
    assert check("R04", method(test=poor)).severity == "issue"
    assert check("R04", method(test=fair)).severity == "passed"
    assert check("R04", method()).severity == "not applicable"


def test_an_odd_fold_is_named():
    scores = synthetic.scores(quality=3.0)
    found = check("R05", method(cv=spoiled(scores, (scores.fold == 3) & (scores.labels < 5))))
    assert found.severity == "tip"
    assert "in fold 4" in found.sentences[0]
    assert len(found.sentences) == 1
    assert check("R05", method()).severity == "passed"
    assert check("R05", method(cv=synthetic.scores(folds=1))).severity == "not applicable"


def test_folds_of_a_sound_method_are_rarely_called_odd():
    odd = [check("R05", method(seed=seed)).severity == "tip" for seed in range(20)]
    assert np.mean(odd) < 0.16


def test_a_gap_between_training_and_held_out():
    assert check("R06", method(quality=2.0, training_accuracy=1.0)).severity == "tip"
    assert check("R06", method(quality=9.0, training_accuracy=1.0)).severity == "passed"
    assert check("R06", method()).severity == "not applicable"


@pytest.mark.parametrize(("images", "severity"), [(20, "passed"), (200, "tip")])
def test_a_gap_within_the_interval_of_few_images_is_none(images, severity):
    scores = coin(images, round(0.8 * images))  # 80 %; 58 to 92 % of 20 images
    assert check("R06", method(cv=None, test=scores, training_accuracy=1.0)).severity == severity


def test_a_loss_that_blew_up():
    losses = [{"loss": 1.0}, {"loss": float("nan")}]
    assert check("R07", method(histories=[losses])).severity == "issue"
    assert check("R07", method(histories=[[{"loss": 0.01}] * 30])).severity == "passed"
    assert check("R07", method()).severity == "not applicable"


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


@pytest.mark.parametrize(
    ("qualities", "severity"), [((2.0, 2.5, 3.0), "tip"), ((2.0, 3.0, 2.5), "passed")]
)
def test_best_value_of_a_sweep_at_its_edge(qualities, severity):
    methods = [
        method(f"m{k}", quality, variant_of="m", varied={"k": k})
        for k, quality in zip((16, 64, 256), qualities, strict=True)
    ]
    assert check("R10", *methods).severity == severity
    assert check("R10", *methods[:2]).severity == "not applicable"


def test_networks_with_one_seed():
    histories = [[{"loss": 0.01}] * 30]
    assert check("R11", method(histories=histories)).severity == "tip"
    repeated = method(cv=synthetic.scores(repeats=3), histories=histories)
    assert check("R11", repeated).severity == "passed"


def test_probabilities_that_are_too_sure():
    scores = synthetic.scores(quality=2.0, probabilities=True)
    sure = Scores(**{**vars(scores), "probabilities": np.eye(8)[scores.predictions]})
    assert check("R12", method(cv=sure)).severity == "tip"
    assert check("R12", method()).severity == "not applicable"


def test_a_rule_that_breaks_down_becomes_a_row():
    def broken(ranking):
        yield 1 / 0

    rule = Rule("X1", "broken", "", "", broken)
    (found, *_) = [c for c in run_checks(rank(synthetic.three()), [rule]) if c.code == "X1"]
    assert found.severity == "could not run"
    assert found.sentences == ["ZeroDivisionError: division by zero"]


def test_findings_of_audit_and_methods_come_along_worst_first():
    finding = {"code": "M1", "severity": "issue", "title": "Dead units", "images": ["a.jpg"]}
    whole = synthetic.three()
    methods = [replace(whole.methods[0], findings=[finding]), *whole.methods[1:]]
    checks = run_checks(rank(replace(whole, methods=methods)), RULES)
    order = ["issue", "tip", "passed", "not applicable", "could not run"]
    places = [order.index(c.severity) for c in checks]
    assert places == sorted(places)
    dead = next(c for c in checks if c.code == "M1")
    assert (dead.methods, dead.images) == (["bovw"], [["a.jpg"]])
    assert "D02" in [c.code for c in checks]


def test_every_rule_has_its_own_code_and_says_why_and_what_to_do():
    assert len({rule.code for rule in RULES}) == len(RULES)
    assert all(rule.title and rule.why and rule.remedy for rule in RULES)


def test_no_rule_breaks_down_on_partial_results():
    scores = synthetic.scores()
    lone = [
        [],
        [Method("a", "r")],
        [Method("a", "r", cv=scores)],
        [Method("a", "r", test=scores, histories=[[]])],
        [Method("a", "r", cv=scores.where(scores.labels == 0))],
        [Method("a", "r", cv=scores.where(np.arange(1)))],
        [method("a"), method("b", variant_of="b", varied={"k": None})],
    ]
    for methods in lone:
        checks = run_checks(rank(replace(synthetic.three(), methods=methods)), RULES)
        assert not [c for c in checks if c.severity == "could not run"], checks


def test_dead_units_are_told_by_layer_and_by_how_many():
    def ending(share: float) -> list[dict]:
        return [{"loss": 1.0, "dead_units/block1": 0.9}, {"loss": 0.5, "dead_units/block1": share}]

    assert check("R13", method(histories=[ending(0.1)])).severity == "passed"
    found = check("R13", method(histories=[ending(0.4), ending(0.3)]))
    assert (found.severity, found.sentences[0][:21]) == ("tip", "a: 35 % of the units ")
    assert check("R13", method(histories=[ending(0.8)])).severity == "issue"
    assert check("R13", method()).severity == "not applicable"
