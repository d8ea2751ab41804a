"""Contradictions are refused from the arguments alone."""

import pytest

from strata.errors import InputError
from strata.models.estimators.training_conflicts import check_conflicts

PLAIN = {
    "frozen_epochs": 0,
    "pretrain_epochs": 0,
    "sampling": None,
    "class_weight": None,
    "base_momentum": None,
    "momentum": 0.9,
}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"frozen_epochs": 2}, "random weights"),
        ({"sampling": "balanced", "class_weight": "balanced"}, "count rare classes twice"),
        ({"base_momentum": 0.95}, "above momentum = 0.9"),
    ],
)
def test_what_excludes_each_other_is_refused(given, says):
    with pytest.raises(InputError, match=says):
        check_conflicts(PLAIN | given, initial=False)


def test_what_fits_together_passes():
    check_conflicts(PLAIN, initial=False)
    check_conflicts(PLAIN | {"frozen_epochs": 2}, initial=True)
    check_conflicts(PLAIN | {"frozen_epochs": 2, "pretrain_epochs": 1}, initial=False)
    check_conflicts(PLAIN | {"base_momentum": 0.85, "sampling": "balanced"}, initial=False)
