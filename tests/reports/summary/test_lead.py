"""Verdict and notes of comparisons whose splits disagree, or whose folds are few."""

from dataclasses import replace

import numpy as np
from scipy.special import stdtr

from strata.reports.comparison.ranking import rank
from strata.reports.exports.tables import ranking_table
from strata.reports.model.results import Comparison, MethodResult
from strata.reports.page import page_html, pictures_for
from strata.reports.statistics.intervals import corrected_variance
from strata.reports.summary.analysis import analyze
from strata.reports.summary.power import power_notes
from strata.reports.summary.verdict import verdict
from tests.reports import synthetic


def compared(*qualities: tuple[float, float], folds: int = 2, per_class: int = 60) -> Comparison:
    """Methods a, b, ... by their quality in cross-validation and on the test images."""
    methods = [
        MethodResult(
            "abcdef"[i],
            "r",
            cv=synthetic.scores(quality=cv, seed=i, folds=folds, per_class=per_class),
            test=synthetic.scores(quality=test, seed=i, folds=1, split="test"),
            kind="classical" if i == 0 else "deep",
        )
        for i, (cv, test) in enumerate(qualities)
    ]
    run = replace(synthetic.RUN, folds=folds, repeat_seconds=600.0)
    return replace(synthetic.three(), methods=methods, run=run)


def test_decisive_test_images_are_in_the_verdict_of_two_folds():
    whole = compared((3.1, 2.9), (2.8, 2.88), (1.2, 1.2))
    said = verdict(rank(whole))
    assert "by fold) in 2-fold cross-validation." in said.headline
    assert "confidence interval" not in said.headline
    assert "b is not significantly different from it" in said.cost
    assert "Only on the test images is c significantly below it, by " in said.cost
    assert said.limits[0].startswith("2 folds are too few for confidence intervals and tests")
    assert said.kinds.endswith(" points), and is not significant on the test images.")
    table = ranking_table(analyze(whole))
    assert [row[1] for row in table.rows] == ["a *", "b =", "c <"]
    assert "< significantly below the best on the test images only" in table.notes
    assert "(" not in table.rows[0][2]


def test_nothing_is_printed_of_the_length_of_the_whole_axis():
    analysis = analyze(compared((3.1, 2.9), (2.8, 2.88), (1.2, 1.2)))
    page = page_html(analysis, pictures_for(analysis, synthetic.picture))
    assert "100.0 to +100.0" not in page
    assert "not tested: 2 folds are too few, they leave one degree of freedom" in page
    assert "below best on test" in page


def test_an_interval_of_the_whole_axis_has_words_of_its_own():
    """Three folds of 8 images and 15 pairs, each tested at a level of 0.3 %."""
    whole = compared(*[(2.2 + 0.15 * i, 2.5) for i in range(6)], folds=3, per_class=3)
    analysis = analyze(whole)
    assert any(pair.interval == (-1, 1) for pair in analysis.ranking.pairs["cv"])
    page = page_html(analysis, pictures_for(analysis, synthetic.picture))
    assert "no interval: too few folds" in page
    assert "100.0 to +100.0" not in page


def test_a_lead_that_only_the_test_images_show():
    said = verdict(rank(compared((2.9, 2.9), (1.2, 1.2)))).cost
    assert said == "Its lead over every other method is significant on the test images."


def test_a_method_ahead_on_the_test_images_is_named():
    said = verdict(rank(compared((2.9, 1.5), (2.6, 2.9))))
    assert said.cost.startswith("On the test images b is significantly above it, by ")
    assert "on the test images b leads significantly" in said.kinds


def test_more_repeats_are_recommended_with_their_cost():
    """A repeat takes ten minutes: four more for 5, nine more for 10."""
    (note,) = power_notes(rank(compared((2.6, 2.6), (2.55, 2.6), folds=8)))
    assert note.startswith("With one repeat the test in cross-validation is conservative")
    assert "protocol.repeats = 5 (3.2 %) takes about 40 min of processor time more" in note
    assert "protocol.repeats = 10 (4.8 %) about 1 h 30 min." in note
    assert note in verdict(rank(compared((2.6, 2.6), (2.55, 2.6), folds=8))).limits


def test_nothing_is_recommended_where_everything_is_decided_or_repeated():
    assert power_notes(rank(compared((3.4, 3.0), (0.5, 0.5), folds=8))) == []
    repeated = [
        MethodResult(name, "r", cv=synthetic.scores(quality=2.5, seed=i, repeats=2))
        for i, name in enumerate("ab")
    ]
    assert power_notes(rank(replace(synthetic.three(), methods=repeated))) == []


def test_one_repeat_raises_fewer_false_alarms_than_ten_and_neither_more_than_allowed():
    """Two nearest-mean classifiers on equally good halves of the features, 8 folds."""
    rng = np.random.default_rng(0)
    alarms = {1: 0, 10: 0}
    sets, n, d, k = 150, 160, 6, 8
    for _ in range(sets):
        y = rng.integers(0, 2, n)
        X = rng.normal(size=(n, 2 * d)) + 0.25 * (2 * y[:, None] - 1)
        differences = []
        for _ in range(10):
            fold = rng.permutation(np.arange(n) % k)
            for f in range(k):
                train, held_out = fold != f, fold == f
                means = [X[train & (y == c)].mean(axis=0) for c in (0, 1)]
                terms = (X[held_out] - (means[0] + means[1]) / 2) * (means[1] - means[0])
                right = (terms.reshape(-1, 2, d).sum(axis=2) > 0) == (y[held_out] == 1)[:, None]
                differences.append(right[:, 0].mean() - right[:, 1].mean())
        for repeats in alarms:
            values = np.array(differences[: repeats * k])
            t = values.mean() / corrected_variance(values, 1 / (k - 1)) ** 0.5
            alarms[repeats] += 2 * stdtr(len(values) - 1, -abs(t)) < 0.05
    assert alarms[1] <= alarms[10]
    assert alarms[1] <= 0.04 * sets
    assert alarms[10] <= 0.1 * sets
