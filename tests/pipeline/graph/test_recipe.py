"""Faults in a user's recipe are sentences."""

import pytest

from strata.errors import InputError
from strata.pipeline.graph.decorators import stage
from strata.pipeline.graph.recipe import recipe


@recipe
def nothing(data, fold, *, flag: int = 3):
    """Returns nothing."""


@recipe
def untyped(data, fold, *, flag=3):
    """A parameter without a type."""


def test_a_recipe_returns_a_node():
    with pytest.raises(InputError, match="The recipe 'nothing' returns None"):
        nothing.compose(None, None, nothing.checked({}, "methods.nothing"))


def test_a_parameter_has_a_type():
    with pytest.raises(InputError, match="'flag' of the recipe 'untyped' needs a type"):
        untyped.checked({"flag": 1}, "methods.untyped")


@pytest.mark.parametrize("about", [{"role": "vektors"}, {"features": "deep"}])
def test_what_a_stage_says_of_itself_is_known(about):
    with pytest.raises(TypeError, match="of a stage: it is one of"):
        stage(**about)(dict)
