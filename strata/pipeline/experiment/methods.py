"""Methods of an experiment file: a table in it is one of them, or with `vary` several."""

import itertools
from dataclasses import dataclass, field
from typing import Any

from strata.errors import InputError
from strata.pipeline.experiment.random_search import Search, with_values


@dataclass(frozen=True)
class Method:
    """One method to compare: a recipe with what is set for it.

    Attributes:
        name: as in the file; variants carry what varies, "bovw[codebook.words=128]".
        settings: parameters by name, those of sections as tables.
        variant_of: the name in the file, if this is one of several variants.
        varied: dotted parameter -> value, for variants.
        train_per_class: training images of each class to learn from; None for what the protocol
            says.
        paper: the accuracy that somebody else published, in [0, 1], to be shown beside ours.
        search: parameters to be searched for in each fold, if any.
    """

    name: str
    recipe: str
    settings: dict[str, Any]
    variant_of: str | None = None
    varied: dict[str, Any] = field(default_factory=dict)
    paper: float | None = None
    train_per_class: int | None = None
    search: Search | None = None


def variants(name: str, table: Any) -> list[Method]:
    """A method, or one for each combination of what its `vary` lists."""
    if not isinstance(table, dict):
        raise InputError(f"methods.{name} must be a table: [methods.{name}].")
    settings = dict(table)
    recipe = settings.pop("recipe", name)
    if not isinstance(recipe, str):
        raise InputError(f"methods.{name}.recipe = {recipe!r}: it should be the name of a recipe.")
    vary = settings.pop("vary", None)
    paper = settings.pop("paper", None)
    search = settings.pop("search", None)
    if vary is None:
        (accuracy,) = _published(name, [paper], 1)
        few = _few(name, settings)
        found = _search(name, search, settings)
        return [Method(name, recipe, settings, None, {}, accuracy, few, found)]
    lists = vary.values() if isinstance(vary, dict) else ()
    if not lists or not all(isinstance(values, list) and values for values in lists):
        raise InputError(
            f"methods.{name}.vary must list values for parameters.",
            f'For example: vary = {{ "codebook.words" = [128, 256] }} in [methods.{name}].',
        )
    combinations = list(itertools.product(*vary.values()))
    published = _published(name, paper or [None] * len(combinations), len(combinations))
    made = []
    for values, accuracy in zip(combinations, published, strict=True):
        varied = dict(zip(vary, values, strict=True))
        text = ",".join(f"{key.rpartition('.')[2]}={_short(v)}" for key, v in varied.items())
        changed = with_values(settings, varied)
        few = _few(name, changed)
        found = _search(name, search, changed)
        made.append(Method(f"{name}[{text}]", recipe, changed, name, varied, accuracy, few, found))
    return made


def _search(name: str, table: Any, settings: dict[str, Any]) -> Search | None:
    return None if table is None else Search.of(table, settings, f"methods.{name}.search")


def _few(name: str, settings: dict[str, Any]) -> int | None:
    """Take the number of training images out of a method's settings."""
    few = settings.pop("train_per_class", None)
    if few is not None and (not isinstance(few, int) or isinstance(few, bool) or few < 1):
        raise InputError(
            f"methods.{name}.train_per_class = {few!r}: it should be a number, 1 or more."
        )
    return few


def _published(name: str, given: Any, count: int) -> list[float | None]:
    """One accuracy a variant."""
    good = isinstance(given, list) and len(given) == count
    if not good or not all(g is None or (isinstance(g, float) and 0 <= g <= 1) for g in given):
        raise InputError(
            f"methods.{name}.paper = {given!r}: it should be a published accuracy from 0.0 to 1.0.",
            "With `vary`, it is a list with one number for each variant, in order.",
        )
    return given


def _short(value: Any) -> str:
    if isinstance(value, list):
        return "-".join(map(_short, value))
    if isinstance(value, dict):
        return "+".join(f"{key}:{_short(part)}" for key, part in value.items())
    return str(value).lower() if isinstance(value, bool) else str(value)
