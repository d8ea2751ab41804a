"""Tables written as TOML are read as they were."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.pipeline.experiment.toml_text import TOMLError, as_toml, parse

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
VALUES = st.recursive(
    st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(TEXT, VALUES, max_size=4))
def test_what_is_written_is_read_again(tables):
    assert parse(as_toml(tables)) == tables


def test_values_of_python_have_a_form_in_toml():
    given = {"a": {"x": (1, 2), "y": None, "z": np.float64(0.5)}, "p": Path("x/y")}
    assert parse(as_toml(given)) == {"a": {"x": [1, 2], "z": 0.5}, "p": "x/y"}


@pytest.mark.parametrize("value", [object(), b"x", np.zeros(2), "\udc80", {1, 2}])
def test_other_values_are_refused(value):
    with pytest.raises(TOMLError):
        as_toml({"key": value})
