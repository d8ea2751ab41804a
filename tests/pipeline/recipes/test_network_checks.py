"""Contradictions are refused when methods are composed, before any image is read for them."""

import pytest

from strata.errors import InputError
from strata.pipeline.recipes.network_checks import check_test_size, check_training

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
        check_training(PLAIN | given, initial=False)


def test_what_fits_together_passes():
    check_training(PLAIN, initial=False)
    check_training(PLAIN | {"frozen_epochs": 2}, initial=True)
    check_training(PLAIN | {"frozen_epochs": 2, "pretrain_epochs": 1}, initial=False)
    check_training(PLAIN | {"base_momentum": 0.85, "sampling": "balanced"}, initial=False)


def test_a_head_that_flattens_has_one_size():
    check_test_size({"architecture": "tinynet"}, 96)
    with pytest.raises(InputError, match="flattens its maps"):
        check_test_size({"architecture": "cnn"}, 48)
