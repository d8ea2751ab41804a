"""Recipes: functions that compose stages into a method.

    @recipe
    def fisher(data, fold, *, mixture=fisher_vectors.options(n_components=64), ...):
        ...
        return scores_of_the_images_in_fold_test

A parameter whose default is `STAGE.options(...)` is a section: a table in the experiment file,
checked against that stage's signature; `choice(...)` of several offers them under the key `use`.
The recipe is given the stage with its parameters, to call on the inputs. Other keyword-only
parameters are checked against their own types.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from strata.errors import InputError, nearest
from strata.pipeline.graph.choice import Choice
from strata.pipeline.graph.inputs import Fold
from strata.pipeline.graph.recipe_context import Data
from strata.pipeline.graph.stage import Node, Options
from strata.pipeline.parameters.renamed_keys import renamed
from strata.pipeline.parameters.signatures import argument_help
from strata.pipeline.parameters.validation import Parameters

#: Keys of a method's table beside the recipe's parameters.
METHOD_KEYS = ("recipe", "vary", "search", "train_per_class", "paper")


@dataclass(frozen=True)
class Recipe:
    """A method, as a function from data, fold and parameters to a node of scores."""

    function: Callable[..., Node]

    @property
    def name(self) -> str:
        """The function's name."""
        return self.function.__name__

    @property
    def summary(self) -> str:
        """The first line of its docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @cached_property
    def sections(self) -> dict[str, Options | Choice]:
        """Parameters that are tables: options of one stage, or a choice of several."""
        return {n: d for n, d in self._defaults() if isinstance(d, Options | Choice)}

    @cached_property
    def plain(self) -> Parameters:
        """The other parameters."""
        hints = inspect.get_annotations(self.function, eval_str=True)
        plain = {n: d for n, d in self._defaults() if n not in self.sections}
        untyped = [n for n in plain if n not in hints]
        if untyped:
            raise InputError(
                f"The parameter '{untyped[0]}' of the recipe '{self.name}' needs a type.",
                f"For example: {untyped[0]}: int = 1.",
            )
        told = argument_help(inspect.getdoc(self.function) or "")
        texts = {n: told[n] for n in plain if n in told}
        return Parameters(self.name, {n: hints[n] for n in plain}, plain, texts)

    def _defaults(self) -> list[tuple[str, Any]]:
        arguments = inspect.signature(self.function).parameters.values()
        return [(a.name, a.default) for a in arguments if a.kind is a.KEYWORD_ONLY]

    def checked(self, settings: dict[str, Any], where: str) -> dict[str, Any]:
        """All parameters as plain values: what is set, over the recipe's and stages' defaults.

        Raises:
            InputError: an unknown name or a value of a wrong kind, by its key path.
        """
        found: dict[str, Any] = {}
        for name, section in self.sections.items():
            table = settings.get(name, {})
            if isinstance(section, Choice) and isinstance(table, str | list):
                table = {"use": table}
            if not isinstance(table, dict):
                raise InputError(f"{where}.{name} must be a table: [{where}.{name}].")
            found[name] = section.checked(table, f"{where}.{name}")
        unknown = [n for n in settings if n not in self.sections and n not in self.plain.defaults]
        if unknown:
            known = [*self.sections, *self.plain.defaults, *METHOD_KEYS]
            raise InputError(
                f"{where}.{unknown[0]} is not a parameter of the recipe '{self.name}'.",
                renamed(unknown[0], known) or nearest(unknown[0], known),
            )
        rest = {n: v for n, v in settings.items() if n in self.plain.defaults}
        return found | self.plain.checked(rest, where)

    def compose(self, data: Data, fold: Fold, parameters: dict[str, Any]) -> Node:
        """Node of the scores of the images in `fold.test`, with checked parameters."""
        sections = {name: s.bound(parameters[name]) for name, s in self.sections.items()}
        scores = self.function(data, fold, **{**parameters, **sections})
        if not isinstance(scores, Node):
            raise InputError(
                f"The recipe '{self.name}' returns {scores!r}.",
                "It returns the node of the scores of the images in fold.test.",
            )
        return scores


def recipe(function: Callable[..., Node]) -> Recipe:
    """Decorator: make a function a recipe of its name."""
    return Recipe(function)
