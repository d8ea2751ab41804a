"""Reference of recipes and stages as Markdown, from their signatures (docs/parameters.md)."""

import json
import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MinLen

from strata.parameter_types import NamedTable, OneOf
from strata.pipeline.graph.choice import Choice
from strata.pipeline.graph.recipe import Recipe
from strata.pipeline.graph.stage import Options, Step
from strata.pipeline.parameters.validation import Parameters


def reference(recipes: Mapping[str, Recipe]) -> str:
    """One section per recipe, with its sections, then one per stage, with its parameters."""
    stages: dict[str, Step] = {}
    lines = ["# Parameters", "", *_INTRODUCTION, "## Recipes", ""]
    for name, recipe in sorted(recipes.items()):
        lines += [f"### `{name}`", "", recipe.summary, ""]
        if recipe.plain.defaults:
            lines += [*_table(recipe.plain), ""]
        if recipe.sections:
            lines += [
                "| section | stages, the default first | set otherwise here |",
                "|---|---|---|",
            ]
            lines += [_section(name, offered) for name, offered in recipe.sections.items()]
            lines.append("")
        for offered in recipe.sections.values():
            stages |= {options.stage.name: options.stage for options in _offered(offered)}
    lines += ["## Stages", ""]
    for name, stage in sorted(stages.items()):
        lines += [f"### Stage {name}", "", stage.summary, ""]
        if stage.estimator:
            lines += [f"Parameters of `{stage.estimator.replace(':', '.')}`.", ""]
        if stage.parameters.defaults:
            lines += [*_table(stage.parameters), ""]
    return "\n".join(lines).rstrip() + "\n"


_INTRODUCTION = [
    "Made from the sources by `strata list --parameters`, which also knows the recipes of your own",
    "file. A section of a recipe is a table of the experiment file, `[methods.NAME.SECTION]`;",
    "where several stages are offered, `use` picks one.",
    "",
]


def _offered(section: Options | Choice) -> Iterator[Options]:
    if isinstance(section, Options):
        yield section
    else:
        yield from section.stages.values()


def _section(name: str, offered: Options | Choice) -> str:
    options = list(_offered(offered))
    none = "none, " if isinstance(offered, Choice) and offered.optional else ""
    links = ", ".join(f"[`{o.stage.name}`](#stage-{o.stage.name})" for o in options)
    if isinstance(offered, Choice) and offered.chain:
        links += ", or a list of them"
    settings = [f"`{key} = {toml(value)}`" for o in options for key, value in o.given.items()]
    return f"| `{name}` | {none}{links} | {', '.join(settings)} |"


def _table(parameters: Parameters) -> Iterator[str]:
    yield "| key | values | default | meaning |"
    yield "|---|---|---|---|"
    for name, default in parameters.defaults.items():
        shown = "not set" if default is None else f"`{toml(default)}`"
        values = values_of(parameters.annotations[name])
        text = parameters.help.get(name, "").replace("|", "\\|")
        yield f"| `{name}` | {values} | {shown} | {text} |"


def values_of(annotation: Any) -> str:
    """Values that a type allows, in words: "integer, 1 or more"."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _limited(parts[0], parts[1:])
    if origin is Literal:
        return ", ".join(f"`{toml(value)}`" for value in parts)
    if origin in (Union, types.UnionType):
        return " or ".join(values_of(part) for part in parts if part is not type(None))
    if origin is tuple:
        return f"list of: {values_of(parts[0])}"
    names = {int: "integer", float: "number", bool: "`true`, `false`", str: "text", dict: "table"}
    return names.get(annotation, "any")


def _limited(base: Any, limits: tuple[Any, ...]) -> str:
    """A type with its limits: bounds of numbers, names of a registry."""
    bounds = []
    for limit in limits:
        if isinstance(limit, OneOf | NamedTable):
            table = " or a table" if isinstance(limit, NamedTable) else ""
            return ", ".join(f"`{toml(name)}`" for name in limit.names) + table
        if isinstance(limit, MinLen):
            bounds.append("not empty")
        elif isinstance(limit, Ge | Gt | Le | Lt):
            name = type(limit).__name__.lower()
            bounds.append(_BOUNDS[name].format(f"{getattr(limit, name):g}"))
    return ", ".join([values_of(base), *bounds])


_BOUNDS = {"ge": "{} or more", "gt": "above {}", "le": "{} at most", "lt": "below {}"}


def toml(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, Mapping):
        inside = ", ".join(f"{k} = {toml(v)}" for k, v in value.items() if v is not None)
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value)  # of strings, numbers and truth values the same
