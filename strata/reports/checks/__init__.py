"""Checks of results, in modules by subject. `CHECKS` holds all of them.

May import `comparison`, `statistics`, `model` and `formatting`. Start at `base.py`.
"""

from strata.reports.checks import comparison, gradients, pretraining, scores, settings, training

#: All checks. Results of equal severity are shown in this order.
CHECKS = (
    comparison.failed,
    comparison.not_computed,
    scores.no_better_than_majority,
    scores.zero_recall,
    scores.test_far_below,
    scores.outlying_fold,
    scores.train_gap,
    training.not_converged,
    training.dead_units,
    gradients.vanishing_gradients,
    gradients.exploding_gradients,
    comparison.tied_with_best,
    comparison.selected_on_test,
    comparison.fusion_below_member,
    settings.sweep_edge,
    settings.search_edge,
    settings.penalty,
    training.one_seed,
    scores.miscalibrated,
    pretraining.same_names,
    pretraining.web_data,
)
