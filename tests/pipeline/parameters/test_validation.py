"""Parameters are checked against signatures."""

from typing import Literal

import pytest

from strata.errors import InputError
from strata.pipeline.parameters.validation import Parameters


def example(
    data,
    *,
    words: int = 512,
    C: float = 1.0,
    kernel: Literal["rbf", "linear"] = "rbf",
    bins: tuple[int, ...] = (4, 6),
):
    """Parameters of all kinds."""


PARAMETERS = Parameters.of(example)


def test_defaults_are_filled_in_as_plain_values():
    assert PARAMETERS.checked({"C": 2}, "x") == {
        "words": 512,
        "C": 2.0,
        "kernel": "rbf",
        "bins": [4, 6],
    }


def test_equal_values_of_other_types_are_the_same():
    assert PARAMETERS.checked({"C": 10}, "x") == PARAMETERS.checked({"C": 10.0}, "x")


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        ({"word": 3}, ["methods.m.word", "Did you mean 'words'"]),
        ({"words": "many"}, ["methods.m.words = 'many'", "integer"]),
        ({"kernel": "rfb"}, ["methods.m.kernel", "'rbf' or 'linear'"]),
        ({"words": True}, ["methods.m.words = true"]),
        ({"words": 1.5, "zz": 1}, ["methods.m.words", "methods.m.zz"]),
    ],
)
def test_errors_name_the_key_and_the_way_on(values, parts):
    with pytest.raises(InputError) as caught:
        PARAMETERS.checked(values, "methods.m")
    assert all(part in str(caught.value) for part in parts)


def test_a_parameter_without_a_default_is_a_mistake_of_the_author():
    def wrong(data, *, words: int):
        """No default."""

    with pytest.raises(InputError, match="needs a type and a default"):
        Parameters.of(wrong)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"C": float("inf")}, "finite"),
        ({"C": float("nan")}, "finite"),
    ],
)
def test_numbers_are_finite(setting, message):
    with pytest.raises(InputError, match=message):
        PARAMETERS.checked(setting, "x")


def test_a_value_of_several_kinds_gets_one_sentence():
    from strata.pipeline.stages.classifiers import svm

    with pytest.raises(InputError) as raised:
        svm.parameters.checked({"C": "CV"}, "x")
    assert str(raised.value).count("x.C") == 1
    assert "'cv'" in str(raised.value)
    with pytest.raises(InputError, match="greater than 0"):
        svm.parameters.checked({"C": -1.0}, "x")


def test_true_is_no_number_in_a_list_either():
    from strata.pipeline.stages.descriptors import dense_sift

    with pytest.raises(InputError, match=r"here\.bin_sizes = \[4, true\]: it should not be true"):
        dense_sift.parameters.checked({"bin_sizes": [4, True]}, "here")
