"""Seeds: the same for the same purpose, unrelated for others."""

from hypothesis import given
from hypothesis import strategies as st

from strata.seeds import derive, generator


def test_derived_seeds_are_the_same_on_every_machine():
    assert derive(0, "fold", 3) == 2108629254675936195
    assert derive(0, "a", "b") != derive(0, "ab") != derive(0, "b", "a")


@given(st.integers(), st.text(), st.text())
def test_purposes_have_streams_of_their_own(seed, one, other):
    assert 0 <= derive(seed, one) < 2**63
    if one != other:
        assert derive(seed, one) != derive(seed, other)
    assert generator(seed, one).random() == generator(seed, one).random()
