"""The questions that `checks` asks of every comparison, by what they are about."""

from strata.reports.checks import comparison, scores, settings, training

#: All of them. Of answers that are equally bad the page shows the earlier question first.
RULES = (
    comparison.failed,
    scores.no_better_than_majority,
    scores.never_right,
    scores.test_far_below,
    scores.odd_fold,
    scores.train_gap,
    training.not_converged,
    training.dead_units,
    comparison.within_noise,
    comparison.chosen_on_test,
    settings.sweep_edge,
    settings.search_edge,
    training.one_seed,
    scores.miscalibrated,
)
