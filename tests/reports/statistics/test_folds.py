import numpy as np
import pytest

from strata.reports.comparison.evaluation import evaluate
from strata.reports.comparison.pairs import pairwise_tests
from strata.reports.model.scores import Scores
from strata.reports.statistics.folds import (
    FoldTable,
    fold_table,
    outlying_folds,
    same_folds,
    variance_components,
)
from strata.reports.statistics.intervals import corrected_mean_interval, wilson_interval
from tests.reports import synthetic


def reshuffled(scores: Scores) -> Scores:
    """The second repeat on other folds."""
    fold = scores.fold.copy()
    later = scores.repeat > 0
    fold[later] = np.random.default_rng(0).permutation(fold[later])
    return Scores(**{**vars(scores), "fold": fold})


def test_accuracies_are_those_of_a_loop():
    scores = synthetic.scores(folds=5, repeats=2)
    table = fold_table(scores)
    for r in range(2):
        for f in range(5):
            rows = [
                i for i in range(len(scores.ids)) if (scores.repeat[i], scores.fold[i]) == (r, f)
            ]
            right = [scores.scores[i].argmax() == scores.labels[i] for i in rows]
            assert table.accuracy[r, f] == pytest.approx(np.mean(right))
    assert table.test_per_train == pytest.approx(1 / 4)


def test_repeats_on_the_same_folds_count_as_one_observation_per_fold():
    table = fold_table(synthetic.scores(folds=5, repeats=3))
    assert table.shared
    assert table.units == pytest.approx(table.accuracy.mean(axis=0))


def test_repeats_on_new_folds_count_one_by_one():
    table = fold_table(reshuffled(synthetic.scores(folds=5, repeats=2)))
    assert not table.shared
    assert len(table.units) == 10


def test_same_folds_ignores_the_order_of_rows_and_notices_one_moved_image():
    scores = synthetic.scores()
    other = scores.where(np.random.default_rng(0).permutation(len(scores.ids)))
    assert same_folds(scores, other)
    other.fold[0] = (other.fold[0] + 1) % 8
    assert not same_folds(scores, other)


@pytest.mark.parametrize("shared", [True, False])
def test_spread_recovers_the_variances_it_was_drawn_with(shared):
    rng = np.random.default_rng(8)
    found = []
    for _ in range(400):
        grouped = rng.normal(0, 0.03, (8, 1)) + rng.normal(0, 0.01, (8, 5))
        table = FoldTable(grouped.T if shared else grouped, np.ones(1), 1 / 7, shared)
        found.append(variance_components(table))
    assert np.mean([s.between for s in found]) == pytest.approx(0.03**2, rel=0.1)
    assert np.mean([s.within for s in found]) == pytest.approx(0.01**2, rel=0.1)


def test_spread_needs_two_repeats():
    assert variance_components(fold_table(synthetic.scores())) is None


def test_one_fold_has_no_interval():
    assert np.isnan(fold_table(synthetic.scores(folds=1)).interval).all()


@pytest.mark.parametrize(
    ("images", "accuracy", "folds"), [(60, 0.85, 8), (60, 0.98, 8), (10, 0.99, 10), (20, 0.3, 4)]
)
def test_sound_folds_are_called_odd_no_oftener_than_promised(images, accuracy, folds):
    rng = np.random.default_rng(4)
    each = np.full((1, folds), images)
    alarms = 0
    for _ in range(1000):
        right = rng.binomial(images, accuracy, (1, folds))
        table = FoldTable(right / each, each, 1 / (folds - 1), False)
        alarms += bool(outlying_folds(table, alpha=0.05))
    assert alarms / 1000 < 0.05 + 0.014


def test_a_broken_fold_is_found():
    images = np.full((1, 8), 60)
    broken = np.full((1, 8), 0.85)
    broken[0, 3] = 0.4
    (odd,) = outlying_folds(FoldTable(broken, images, 1 / 7, False))
    assert (odd.fold, odd.accuracy) == (3, pytest.approx(0.4))


def test_a_fold_is_held_against_the_others_as_fisher_does():
    from scipy.stats import fisher_exact

    images = np.array([[20, 20, 20]])
    for wrong in range(12):
        table = FoldTable(1 - np.array([[wrong, 1, 1]]) / 20, images, 1 / 2, False)
        less = fisher_exact([[20 - wrong, wrong], [38, 2]], alternative="less").pvalue
        assert any(odd.fold == 0 for odd in outlying_folds(table)) == (2 * less < 0.01 / 3)


def test_folds_without_any_spread_do_not_claim_to_know_the_accuracy_exactly():
    perfect = np.ones((2, 4))
    table = FoldTable(perfect, np.full((2, 4), 5), 1 / 3, False)
    assert table.interval == wilson_interval(20, 20)
    assert table.interval.low < 0.9


def by_fold(right: list[int], images: list[int]) -> Scores:
    """Two classes; so many images of each fold are right."""
    fold = np.repeat(np.arange(len(images)), images)
    said = np.concatenate([np.arange(n) >= r for r, n in zip(right, images, strict=True)]).astype(
        int
    )
    zeros = np.zeros(len(fold), int)
    return Scores([str(i) for i in range(len(fold))], zeros, zeros, fold, np.eye(2)[said])


def test_folds_that_are_alike_to_the_image_claim_no_certainty():
    """2 of 67 or 68 images right in each: the folds' sizes are no variance of the method's."""
    table = fold_table(by_fold([2, 2, 2, 2], [68, 68, 67, 67]))
    assert table.interval == wilson_interval(table.mean * 270, 270)
    spread_out = fold_table(by_fold([2, 5, 0, 2], [68, 68, 67, 67]))
    assert spread_out.interval == corrected_mean_interval(
        spread_out.units, spread_out.test_per_train
    )


def test_a_lead_of_the_same_number_of_images_in_every_fold_is_not_tested():
    sizes = [68, 68, 67, 67]
    methods = {
        "a": evaluate(by_fold([41, 40, 44, 40], sizes), "cv", 2),
        "b": evaluate(by_fold([40, 39, 43, 39], sizes), "cv", 2),
    }
    (pair,) = pairwise_tests(methods, "cv")
    assert pair.significant is None
    assert "same on every fold" in pair.untested
