"""From an experiment and its data to the graph: each method on each fold."""

from dataclasses import dataclass
from typing import Any

from strata.errors import InputError, nearest
from strata.pipeline.dataset import Dataset
from strata.pipeline.experiment import Experiment, Method
from strata.pipeline.inputs import Fold
from strata.pipeline.recipe import Recipe, known_recipes
from strata.pipeline.stage import Node, composing
from strata.pipeline.stages.predictions import predictions


@dataclass(frozen=True)
class Target:
    """A method, composed.

    Attributes:
        parameters: all of the recipe's, defaults filled in.
        folds: each fold with the node of its scores; the final one, if any, last.
        node: the method's predictions, what `make` makes.
    """

    method: Method
    recipe: Recipe
    parameters: dict[str, Any]
    folds: tuple[tuple[Fold, Node], ...]
    node: Node

    @property
    def name(self) -> str:
        """The method's name."""
        return self.method.name


def compose(experiment: Experiment, dataset: Dataset) -> list[Target]:
    """All methods of an experiment as targets.

    Raises:
        InputError: an unknown recipe or parameter, or a value of a wrong kind.
    """
    recipes = known_recipes(experiment.recipes)
    checked = {m.name: (m, *_recipe_of(m, recipes)) for m in experiment.methods}
    composer = _Composer(dataset, {name: rest for name, (_, *rest) in checked.items()})
    return [_target(method, composer) for method, *_ in checked.values()]


class _Composer:
    """Composes any method of an experiment on any fold, each once."""

    def __init__(self, dataset: Dataset, methods: dict[str, Any]) -> None:
        self.dataset = dataset
        self.methods = methods
        self._made: dict[tuple[str, int], tuple[Fold, Node]] = {}
        self._path: list[str] = []

    def scores(self, name: str, fold: Fold) -> Node:
        """The node of a method's scores of the images in `fold.test`."""
        known = self._made.get((name, id(fold)))
        if known:
            return known[1]
        if name not in self.methods:
            raise InputError(
                f"methods.{self._path[-1]} names '{name}', which is no method of this file.",
                nearest(name, self.methods),
            )
        if name in self._path:
            circle = " of ".join(f"'{n}'" for n in [*self._path[self._path.index(name) :], name])
            raise InputError(f"A method cannot be made of itself: {circle}.")
        recipe, parameters = self.methods[name]
        self._path.append(name)
        try:
            with composing(f"{name}, {fold.name}"):
                node = recipe.compose(self.dataset.data_of(fold, self.scores), fold, parameters)
        except InputError as error:
            if error.what.startswith("methods."):
                raise
            raise InputError(f"methods.{name}: {error.what}", error.hint) from None
        finally:
            self._path.pop()
        self._made[name, id(fold)] = (fold, node)
        return node


def _recipe_of(method: Method, recipes: dict[str, Recipe]) -> tuple[Recipe, dict[str, Any]]:
    if method.recipe not in recipes:
        key = f"methods.{method.variant_of or method.name}"
        raise InputError(
            f"{key}: there is no recipe '{method.recipe}'.", nearest(method.recipe, recipes)
        )
    recipe = recipes[method.recipe]
    return recipe, recipe.checked(method.settings, f"methods.{method.variant_of or method.name}")


def _target(method: Method, composer: _Composer) -> Target:
    dataset = composer.dataset
    recipe, parameters = composer.methods[method.name]
    folds = dataset.folds_with(method.train_per_class or dataset.protocol["train_per_class"])
    parts = tuple((fold, composer.scores(method.name, fold)) for fold in folds)
    with composing(method.name):
        node = predictions(
            [node for _, node in parts],
            [dataset.with_labels(fold.test) for fold, _ in parts],
            folds=[(fold.repeat, fold.number) for fold, _ in parts],
        )
    return Target(method, recipe, parameters, parts, node)


def chosen(targets: list[Target], names: list[str]) -> list[Target]:
    """The targets that the user names; all of them without names.

    A method with variants is all its variants.

    Raises:
        InputError: a name that no target has.
    """
    if not names:
        return targets
    found: list[Target] = []
    for name in names:
        matching = [t for t in targets if name in (t.name, t.method.variant_of)]
        if not matching:
            known = {t.name for t in targets} | {t.method.variant_of or t.name for t in targets}
            raise InputError(f"There is no target '{name}'.", nearest(name, known))
        found += [t for t in matching if t not in found]
    return found
