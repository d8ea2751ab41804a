"""Sections that offer several stages."""

import pytest

from strata.errors import InputError
from strata.pipeline.graph.choice import chain, choice, optional, optional_chain
from strata.pipeline.graph.decorators import stage


@stage
def near(vectors, train, *, neighbors: int = 5):
    """One."""
    return {}


@stage
def wide(vectors, train, *, C: float = 1.0, kernel: str = "rbf"):
    """Other."""
    return {}


SECTION = choice(near.options(neighbors=3), wide.options())


def test_the_first_is_the_default_and_others_come_by_name():
    assert SECTION.checked({}, "x") == {"use": "near", "neighbors": 3}
    assert SECTION.checked({"use": "wide", "C": 2}, "x") == {
        "use": "wide",
        "C": 2.0,
        "kernel": "rbf",
    }
    bound = SECTION.bound(SECTION.checked({"use": "wide"}, "x"))
    assert bound.stage is wide
    assert dict(bound) == {"C": 1.0, "kernel": "rbf"}


def test_errors_name_the_key_and_the_nearest_name():
    with pytest.raises(InputError, match=r"x\.use = 'wid'") as raised:
        SECTION.checked({"use": "wid"}, "x")
    assert "Did you mean 'wide'?" in str(raised.value)
    with pytest.raises(
        InputError, match=r"There is no key x\.C where x\.use is \"near\""
    ) as raised:
        SECTION.checked({"C": 1}, "x")
    assert raised.value.hint == 'It is one of x.use = "wide".'
    with pytest.raises(InputError, match=r"There is no key x\.D\b"):
        SECTION.checked({"D": 1}, "x")


def test_a_step_may_be_left_out():
    section = optional(near.options(), wide.options())
    assert section.checked({}, "x") == {"use": "none"}
    assert section.bound({"use": "none"}) is None
    assert section.bound(section.checked({"use": "near"}, "x")).stage is near
    with pytest.raises(InputError, match=r"x\.C is set, but x.use is not"):
        section.checked({"C": 1}, "x")


@stage
def plain(vectors, train):
    """Without parameters."""
    return {}


def test_a_chosen_stage_without_parameters_is_chosen():
    section = optional(plain.options())
    assert section.bound(section.checked({"use": "plain"}, "x"))
    assert not section.bound(section.checked({}, "x"))


def test_a_chain_takes_one_or_several_in_a_row():
    section = optional_chain(near.options(), wide.options(C=2))
    assert section.checked({}, "x") == {"use": "none"}
    assert section.bound(section.checked({"use": "near"}, "x")).stage is near
    found = section.checked({"use": ["wide", "near"], "near": {"neighbors": 7}}, "x")
    assert found == {
        "use": ["wide", "near"],
        "wide": {"C": 2.0, "kernel": "rbf"},
        "near": {"neighbors": 7},
    }
    first, second = section.bound(found)
    assert (first.stage, second.stage) == (wide, near)
    assert dict(second) == {"neighbors": 7}
    assert chain(near.options()).checked({}, "x") == {"use": "near", "neighbors": 5}


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"use": []}, "one or more"),
        ({"use": ["near", "near"]}, "each once"),
        ({"use": ["near", "wid"]}, "Did you mean 'wide'"),
        ({"use": ["near", 3]}, "no such step"),
        ({"use": ["near", "wide"], "C": 3}, r"x\.C is not a table.*x\.near"),
        ({"use": ["near"], "wide": {"C": 3}}, r"x\.wide is not a table"),
        ({"use": ["near"], "near": {"C": 3}}, r"no key x\.near\.C"),
    ],
)
def test_errors_of_a_chain_name_the_key(table, says):
    with pytest.raises(InputError, match=f"(?s){says}"):
        optional_chain(near.options(), wide.options()).checked(table, "x")
    with pytest.raises(InputError, match="no such step"):
        choice(near.options(), wide.options()).checked({"use": ["near"]}, "x")
