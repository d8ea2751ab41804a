"""Contradictions are refused when methods are composed, before any image is read for them."""

import pytest

from strata.errors import InputError
from strata.pipeline.recipes.network_checks import check_test_size


def test_a_head_that_flattens_has_one_size():
    check_test_size({"architecture": "tinynet"}, 96)
    with pytest.raises(InputError, match="flattens its maps"):
        check_test_size({"architecture": "cnn"}, 48)
