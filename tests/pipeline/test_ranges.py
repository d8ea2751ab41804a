"""What is said of parameters before anything runs is what the models know."""

from typing import get_args

import pytest

from strata.errors import InputError
from strata.models.augment import AUGMENTATIONS
from strata.models.optimisers import OPTIMISERS
from strata.models.presets import PRESETS
from strata.pipeline import ranges
from strata.pipeline.stages.networks import train_network


def test_the_names_are_those_of_the_models():
    assert set(get_args(get_args(ranges.Architecture)[0])) == set(PRESETS)
    assert set(get_args(get_args(ranges.Augmentations)[0])) == set(AUGMENTATIONS)
    assert set(get_args(ranges.Optimiser)) == set(OPTIMISERS)


@pytest.mark.parametrize("given", [{"architecture": "tinynett"}, {"augmentations": "strnog"}])
def test_an_unknown_name_is_told_at_once(given):
    with pytest.raises(InputError, match=r"should be '(cnn|none)'"):
        train_network.parameters.checked(given, "network")
