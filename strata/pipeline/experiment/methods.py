"""Methods of an experiment file: one per table, or with `vary` one per combination of values."""

import itertools
from dataclasses import dataclass, field
from typing import Any

from strata.errors import InputError, short
from strata.pipeline.experiment.random_search import RandomSearch, with_values


@dataclass(frozen=True)
class Method:
    """One method to compare: a recipe and the parameters set for it.

    Attributes:
        name: as in the file; a variant's name includes the varied values, "bovw[n_words=128]".
        recipe: name of the recipe.
        settings: the parameters set, by name; those of a section as a table.
        variant_of: the name in the file, if this is one of several variants.
        varied: dotted parameter -> value, for variants.
        paper: published accuracy in [0, 1], shown beside ours.
        train_per_class: training images of each class to learn from; None: as in the protocol.
        search: random search over some parameters in each fold, if any.
    """

    name: str
    recipe: str
    settings: dict[str, Any]
    variant_of: str | None = None
    varied: dict[str, Any] = field(default_factory=dict)
    paper: float | None = None
    train_per_class: int | None = None
    search: RandomSearch | None = None


def variants(name: str, table: Any) -> list[Method]:
    """Methods of one [methods.NAME] table: one, or one for each combination of `vary`'s values.

    Raises:
        InputError: a value of the table's own keys (recipe, vary, paper, search,
            train_per_class) is wrong.
    """
    if not isinstance(table, dict):
        raise InputError(f"methods.{name} must be a table: [methods.{name}].")
    settings = dict(table)
    recipe = settings.pop("recipe", name)
    if not isinstance(recipe, str):
        raise InputError(
            f"methods.{name}.recipe = {short(recipe)}: it should be the name of a recipe."
        )
    vary = settings.pop("vary", None)
    paper = settings.pop("paper", None)
    search = settings.pop("search", None)
    if vary is None:
        (accuracy,) = _published_accuracies(name, [paper], 1)
        per_class = _pop_train_per_class(name, settings)
        found = _search(name, search, settings)
        return [Method(name, recipe, settings, None, {}, accuracy, per_class, found)]
    lists = vary.values() if isinstance(vary, dict) else ()
    if not lists or not all(isinstance(values, list) and values for values in lists):
        raise InputError(
            f"methods.{name}.vary must list values for parameters.",
            f'For example: vary = {{ "codebook.n_words" = [128, 256] }} in [methods.{name}].',
        )
    combinations = list(itertools.product(*vary.values()))
    count = len(combinations)
    published = _published_accuracies(name, paper or [None] * count, count)
    made = []
    for values, accuracy in zip(combinations, published, strict=True):
        varied = dict(zip(vary, values, strict=True))
        text = ",".join(f"{key.rpartition('.')[2]}={_short(v)}" for key, v in varied.items())
        own = with_values(settings, varied)
        per_class = _pop_train_per_class(name, own)
        found = _search(name, search, own)
        variant = f"{name}[{text}]"
        made.append(Method(variant, recipe, own, name, varied, accuracy, per_class, found))
    return made


def _search(name: str, table: Any, settings: dict[str, Any]) -> RandomSearch | None:
    return None if table is None else RandomSearch.of(table, settings, f"methods.{name}.search")


def _pop_train_per_class(name: str, settings: dict[str, Any]) -> int | None:
    """Remove `train_per_class` from a method's settings and check it."""
    count = settings.pop("train_per_class", None)
    if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < 1):
        raise InputError(
            f"methods.{name}.train_per_class = {short(count)}: it should be a number, 1 or more."
        )
    return count


def _published_accuracies(name: str, given: Any, count: int) -> list[float | None]:
    """The values of `paper`, checked: one accuracy or None per variant."""
    good = isinstance(given, list) and len(given) == count
    if not good or not all(g is None or (isinstance(g, float) and 0 <= g <= 1) for g in given):
        raise InputError(
            f"methods.{name}.paper = {short(given)}: it should be an accuracy from 0.0 to 1.0.",
            "With `vary`, it is a list with one number for each variant, in order.",
        )
    return given


def _short(value: Any) -> str:
    """Text of a value in the name of a variant."""
    if isinstance(value, list):
        return "-".join(map(_short, value))
    if isinstance(value, dict):
        return "+".join(f"{key}:{_short(part)}" for key, part in value.items())
    return str(value).lower() if isinstance(value, bool) else str(value)
