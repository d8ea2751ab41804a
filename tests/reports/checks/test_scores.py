import numpy as np
import pytest

from strata.reports.model.scores import Scores
from tests.reports import synthetic
from tests.reports.checks.asking import check, method


def coin(images: int, right: int) -> Scores:
    """Two classes of one size, of test images; so many are right."""
    labels = np.arange(images) % 2
    said = np.where(np.arange(images) < right, labels, 1 - labels)
    zeros, ids = np.zeros(images, int), [str(i) for i in range(images)]
    return Scores(ids, labels, zeros, zeros, np.eye(8)[said])


def spoiled(scores: Scores, rows: np.ndarray) -> Scores:
    """The rows' images are given to the next class."""
    values = scores.scores.copy()
    values[rows] = np.eye(8)[(scores.labels[rows] + 1) % 8]
    return Scores(**{**vars(scores), "scores": values})


def test_chance_is_no_better_than_the_largest_class():
    rng = np.random.default_rng(0)
    scores = synthetic.scores()
    guessing = Scores(**{**vars(scores), "scores": rng.normal(size=scores.scores.shape)})
    assert check("R02", method(cv=guessing)).severity == "issue"
    assert check("R02", method()).severity == "passed"


def test_few_images_do_not_make_a_method_useless():
    few = check("R02", method(cv=None, test=coin(12, 7)))
    assert few.severity == "tip"
    assert "12 images are too few to decide" in few.sentences[0]
    assert "test images" in few.sentences[0]
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


def test_an_odd_fold_of_repeats_on_new_folds_is_one_of_the_first():
    scores = synthetic.scores(quality=3.0, repeats=2)
    fold = np.where(scores.repeat > 0, (scores.fold + np.arange(len(scores.fold))) % 8, scores.fold)
    anew = Scores(**{**vars(scores), "fold": fold})
    odd = (fold == 3) & (scores.labels < 5) & (scores.repeat == 0)
    found = check("R05", method(cv=spoiled(anew, odd)))
    assert "in fold 4 of the first repeat, " in found.sentences[0]


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


def test_miscalibrated_probabilities():
    scores = synthetic.scores(quality=2.0, probabilities=True)
    sure = Scores(**{**vars(scores), "probabilities": np.eye(8)[scores.predictions]})
    (sentence,) = check("R12", method(cv=sure)).sentences
    accuracy = 100 * np.mean(scores.predictions == scores.labels)
    assert f"overconfident: mean confidence 100.0 %, accuracy {accuracy:.1f} %" in sentence
    modest = 0.5 * scores.probabilities + 0.5 / 8
    modest = Scores(**{**vars(synthetic.scores(quality=9.0)), "probabilities": modest})
    assert "underconfident" in check("R12", method(cv=modest)).sentences[0]
    assert check("R12", method()).severity == "not applicable"
