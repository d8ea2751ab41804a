"""`strata status`, `why`, `list` and `make -n`: state of the methods, without computing."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from strata.pipeline.cli.terminal.table import print_table
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.data.changes import image_changes
from strata.pipeline.execution.disk_use import disk_use
from strata.pipeline.execution.eta import rounded_duration
from strata.pipeline.execution.plan import Plan
from strata.pipeline.execution.rates import RATES, Estimates, group_of
from strata.pipeline.execution.staleness import History, reasons, version_notes
from strata.pipeline.experiment.compose import Target
from strata.pipeline.experiment.file import DEFAULT_FILE, read_recipes_key
from strata.pipeline.graph.choice import Choice
from strata.pipeline.graph.recipe import Recipe
from strata.pipeline.graph.stage import Options
from strata.pipeline.recipes.reference import reference, toml
from strata.pipeline.recipes.registry import known_recipes, recipe_summaries
from strata.reports.formatting import listing
from strata.reports.formatting import size as bytes_text

#: Variants of one method that are listed one by one, at most.
MAX_VARIANTS = 3


def status(workspace: Workspace, names: list[str], as_json: bool) -> int:
    """Print one line per target: up to date or not, artifacts to make, estimated time and bytes."""
    wanted, whole = workspace.plan(names)
    estimates = Estimates(workspace.store.root / RATES)
    found: list[dict[str, Any]] = []
    for target in wanted:
        plan = Plan.of([*target.pending_searches, target.node], workspace.store)
        needed = [plan.nodes[key] for key in plan.needed]
        seconds, size = estimates.total(needed)
        found.append(
            {
                "target": target.name,
                "up_to_date": not plan.needed,
                "artifacts": len(plan.nodes),
                "to_make": len(plan.needed),
                "seconds": round(seconds / workspace.jobs, 1),
                "bytes": round(size),
                "stages_not_timed": sum(not estimates.knows(node) for node in needed),
            }
        )
    if as_json:
        print(json.dumps(found, indent=2))
        return 0
    rows = [
        [
            line["target"],
            "up to date" if line["up_to_date"] else "to be made",
            f"{line['to_make']} of {line['artifacts']}",
            f"about {rounded_duration(line['seconds'])}" if line["to_make"] else "",
            f"about {bytes_text(line['bytes'])}" if line["to_make"] else "",
        ]
        for line in found
    ]
    columns = ["target", "state", "to make", "time left", "disk"]
    print_table(workspace.console, columns, rows, left=2)
    if whole.needed:
        workspace.console.print(disk_use(whole, workspace.store))
    for note in version_notes(whole, workspace.store):
        workspace.console.print(f"note: {note}")
    return 0


def why(workspace: Workspace, names: list[str]) -> int:
    """Print the reasons why targets are out of date, one sentence each; exit code 0 in any case."""
    wanted, plan = workspace.plan(names)
    if not plan.needed:
        names_of = listing(target.name for target in wanted)
        workspace.console.print(f"Up to date: {names_of}.")
        return 0
    history = History(workspace.store, workspace.note)
    for sentence in (*_image_changes(workspace, wanted), *reasons(plan, history)):
        workspace.console.print(sentence)
    text = f"{len(plan.needed)} of {len(plan.nodes)} artifacts have to be made."
    workspace.console.print(text)
    return 0


def _image_changes(workspace: Workspace, wanted: list[Target]) -> Iterator[str]:
    """Changes of the images since the methods that are out of date were made.

    Methods that were last made from other images than the rest are told apart.
    """
    since: dict[str, list[str]] = {}
    for target in wanted:
        if workspace.store.state(target.node.key) != "present":
            digest = workspace.note.made.get(target.name, [""])[0]
            since.setdefault(digest, []).append(target.name)
    for names in since.values():
        before = workspace.note.images_of(names[0])
        if before is not None:
            prefix = f"{listing(names)}: " if len(since) > 1 else ""
            for sentence in image_changes(workspace.dataset.manifest, before):
                yield prefix + sentence


def print_dry_run(workspace: Workspace, wanted: list[Target], plan: Plan) -> int:
    """Print each stage to be made with its number of artifacts, and the reasons."""
    if not plan.needed:
        workspace.console.print("Nothing to make: everything is up to date.")
        return 0
    lines = [
        f"would make  {method}{': ' if method else ''}{stage} ({count})"
        for (method, stage), count in _counts(wanted, plan).items()
    ]
    if any(target.pending_searches for target in wanted):
        lines.append("(stages after a search are counted as if its first trial had been selected)")
    history = History(workspace.store, workspace.note)
    lines += [f"because  {reason}" for reason in reasons(plan, history)]
    for line in [*lines, disk_use(plan, workspace.store)]:
        workspace.console.print(line, highlight=False, markup=False)
    return 0


def _counts(wanted: list[Target], plan: Plan) -> Counter[tuple[str, str]]:
    """Artifacts to be made by method and stage; those of many variants together."""
    variants = Counter(target.method.variant_of for target in wanted if target.method.variant_of)
    counts: Counter[tuple[str, str]] = Counter()
    for key in plan.needed:
        method, stage = group_of(plan.nodes[key])
        whole = method.partition("[")[0]
        if variants[whole] > MAX_VARIANTS:
            method = f"{whole} ({variants[whole]} variants)"
        counts[method, stage] += 1
    return counts


def list_methods(workspace: Workspace, as_json: bool) -> int:
    """Print the targets of the experiment file with their recipes."""
    summaries = recipe_summaries(workspace.experiment.recipes)
    found = [
        {
            "target": method.name,
            "recipe": method.recipe,
            "summary": summaries.get(method.recipe, ""),
        }
        for method in workspace.experiment.methods
    ]
    if as_json:
        print(json.dumps(found, indent=2))
        return 0
    columns = ["target", "recipe", "description"]
    print_table(workspace.console, columns, [list(line.values()) for line in found], left=3)
    return 0


def list_recipes(file: Path | None, as_json: bool) -> int:
    """Print all recipes with every parameter and its default, in TOML."""
    recipes = _all_recipes(file)
    if as_json:
        print(
            json.dumps(
                {name: recipe.checked({}, name) for name, recipe in recipes.items()}, indent=2
            )
        )
        return 0
    for name, recipe in sorted(recipes.items()):
        print(f"[methods.{name}]  # {recipe.summary}")
        for line in _astoml(name, recipe):
            print(line)
        print()
    return 0


def list_parameters(file: Path | None) -> int:
    """Print the reference of all recipes and stages, as Markdown."""
    print(reference(_all_recipes(file)), end="")
    return 0


def _all_recipes(file: Path | None) -> dict[str, Recipe]:
    """Recipes of the package, and of the file that the experiment file names."""
    path = file or Path(DEFAULT_FILE)
    return known_recipes(read_recipes_key(path) if path.exists() else None)


def _astoml(name: str, recipe: Recipe) -> list[str]:
    defaults: dict[str, Any] = recipe.checked({}, name)
    lines = _settings({k: v for k, v in defaults.items() if k not in recipe.sections})
    for section, options in recipe.sections.items():
        if isinstance(options, Choice):
            lines += _choice(f"methods.{name}.{section}", options)
        else:
            lines += _section(f"methods.{name}.{section}", options, options.checked({}, name))
    return lines


def _section(path: str, options: Options, values: dict[str, Any]) -> list[str]:
    return [f"[{path}]  # {options.stage.name}: {options.stage.summary}", *_settings(values)]


def _settings(values: dict[str, Any]) -> list[str]:
    """Format one line per value; TOML has no null, so "not set" becomes a comment."""
    return [f"# {k}: not set" if v is None else f"{k} = {toml(v)}" for k, v in values.items()]


def _choice(path: str, choice: Choice) -> list[str]:
    """Format the default stage with its parameters, then each alternative as comments."""
    lines = [f"[{path}]  # left out by default"] if choice.optional else []
    for name, options in choice.stages.items():
        found = _section(path, options, choice.checked({"use": name}, path))
        if name == choice.default:
            lines += found
        else:
            use, *rest = found[1:]
            lines += [f"# {use}  # {found[0].partition(': ')[2]}"]
            lines += [r if r.startswith("#") else f"# {r}" for r in rest]
    return lines
