"""All recipes by name: those of the package and those of a user's own file."""

import ast
from collections.abc import Collection
from pathlib import Path
from types import ModuleType

from strata.errors import InputError
from strata.pipeline.code.code_digest import user_file
from strata.pipeline.code.user_modules import import_from
from strata.pipeline.graph.recipe import Recipe
from strata.pipeline.recipes import (
    classical,
    distillation,
    fusion,
    networks,
    own_transfer,
    transfer,
)
from strata.pipeline.store.hashing import content_key

#: In the order in which they are listed.
MODULES = (classical, networks, own_transfer, transfer, fusion, distillation)


def known_recipes(
    extra: Path | None = None, wanted: Collection[str] | None = None
) -> dict[str, Recipe]:
    """Recipes of the package and of a user's file; the user's win where names are equal.

    Args:
        extra: the user's file, which is code that runs when it is imported.
        wanted: names of the recipes that are needed; the file is not imported if it can have none
            of them. None: all.

    Raises:
        InputError: the file is missing or cannot be imported.
    """
    found = {name: r for module in MODULES for name, r in recipes_of(module).items()}
    if extra and not extra.is_file():
        raise InputError(f"There is no file of recipes {extra}.", "The key 'recipes' names it.")
    if extra and (wanted is None or not (found.keys() - _functions(extra)).issuperset(wanted)):
        found |= recipes_of(import_from(user_module(extra), extra))
    return found


def recipe_summaries(extra: Path | None = None) -> dict[str, str]:
    """First line of the docstring of each recipe; a user's file is read, and not run."""
    found = {name: recipe.summary for name, recipe in known_recipes().items()}
    return found | (_functions(extra) if extra and extra.is_file() else {})


def _functions(file: Path) -> dict[str, str]:
    """Names of a source file's functions, with the first lines of their docstrings.

    Empty for what is no Python: importing it raises the error, once it is needed.
    """
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return {}
    return {
        node.name: (ast.get_docstring(node) or "").partition("\n")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }


def user_module(file: Path) -> str:
    """Module name of a user's file; a second file of the same name gets one of its own."""
    name = f"recipes_{file.stem}"
    if user_file(name) in (None, file):
        return name
    return f"{name}_{content_key(str(file.resolve()))[:8]}"


def recipes_of(module: ModuleType) -> dict[str, Recipe]:
    """Recipes that a module defines, by name."""
    return {
        value.name: value
        for value in vars(module).values()
        if isinstance(value, Recipe) and value.function.__module__ == module.__name__
    }
