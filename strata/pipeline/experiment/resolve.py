"""Resolution of methods: recipe and parameters of each, checked before any image is read."""

from dataclasses import dataclass
from typing import Any

from strata.errors import InputError, naming, nearest
from strata.pipeline.experiment.file import Experiment
from strata.pipeline.experiment.methods import Method
from strata.pipeline.experiment.random_search import with_values
from strata.pipeline.graph.recipe import Recipe
from strata.pipeline.parameters.renamed_keys import renamed
from strata.pipeline.recipes.registry import known_recipes


@dataclass(frozen=True)
class ResolvedMethod:
    """A method with its recipe and checked parameters.

    Attributes:
        parameters: all of the recipe's, defaults filled in.
        trials: the same for each trial of the method's search; empty without one.
    """

    method: Method
    recipe: Recipe
    parameters: dict[str, Any]
    trials: tuple[dict[str, Any], ...]


def resolve(experiment: Experiment) -> dict[str, ResolvedMethod]:
    """Resolve all methods of an experiment, by name.

    Raises:
        InputError: an unknown recipe or parameter, or a value of a wrong kind; names file and key.
    """
    with naming(experiment.path.name):
        recipes = known_recipes(experiment.recipes, {m.recipe for m in experiment.methods})
        return {m.name: _resolve(m, recipes) for m in experiment.methods}


def _resolve(method: Method, recipes: dict[str, Recipe]) -> ResolvedMethod:
    where = f"methods.{method.variant_of or method.name}"
    if method.recipe not in recipes:
        raise InputError(
            f"{where}: there is no recipe '{method.recipe}'.",
            renamed(method.recipe, recipes) or nearest(method.recipe, recipes),
        )
    recipe = recipes[method.recipe]
    parameters = recipe.checked(method.settings, where)
    if method.search is None:
        return ResolvedMethod(method, recipe, parameters, ())

    def checked(values: dict[str, Any]) -> dict[str, Any]:
        try:
            return recipe.checked(with_values(method.settings, values), where)
        except InputError as error:
            raise InputError(
                f"{where}.search can draw a value that is not allowed: {error.what}", error.hint
            ) from None

    for values in method.search.extremes():  # so that later seeds and more trials cannot fail
        checked(values)
    return ResolvedMethod(method, recipe, parameters, tuple(map(checked, method.search.drawn())))
