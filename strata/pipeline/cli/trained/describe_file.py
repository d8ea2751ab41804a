"""`strata describe FILE.strata`: the facts of a model file, without running any of it."""

import json
from pathlib import Path
from typing import Any

from strata.errors import InputError
from strata.pipeline.cli.terminal.table import print_table
from strata.pipeline.prediction.container import Container
from strata.pipeline.prediction.model_document import classes_of, read_document
from strata.pipeline.workspace.console import Terminal


def describe_file(path: Path, as_json: bool) -> int:
    """Print the facts of a model file; its stages and estimators are not loaded."""
    document = read_document(Container(path))
    if as_json:
        print(json.dumps(document, indent=2))
        return 0
    try:
        lines, (columns, rows) = _lines(document), _classes(document)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise InputError(
            f"The facts of {path} cannot be told: they are of an unknown form "
            f"({type(error).__name__}: {error}).",
            f"The file is whole, but not one of strata export: strata describe {path} --json "
            "prints all that it says.",
        ) from error
    console = Terminal()
    for line in lines:
        console.print(line)
    print_table(console, columns, rows)
    return 0


def _classes(document: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Table of the classes: images that were learned from, and all images of the data."""
    facts = document["facts"]
    counted = {
        "learned from": facts.get("trained_on", {}).get("by_class", {}),
        "all images": facts.get("data", {}).get("images", {}),
    }
    known = {name: counts for name, counts in counted.items() if counts}
    rows = [
        [name, *(str(counts.get(name, 0)) for counts in known.values())]
        for name in classes_of(document["classes"])
    ]
    return ["class", *known], rows


def _lines(document: dict[str, Any]) -> list[str]:
    from strata.reports.formatting import percent, percent_range

    facts, made = document["facts"], document["versions"]
    found = [f"{document['name']}: {len(document['classes'])} classes"]
    if "recipe" in facts:
        data, trained = facts["data"], facts["trained_on"]
        found = [
            f"{found[0]}, recipe {facts['recipe']}",
            facts["summary"],
            f"learned from {trained['images']} images of {data['name']} ({trained['fold']}), "
            f"data {data['digest'][:12]}, predictions of {facts['made']}",
        ]
    for split, name in (("cv", "in cross-validation"), ("test", "on test images")):
        if facts.get(split):
            of = facts[split]
            found.append(
                f"accuracy {name}: {percent(of['accuracy'])} % "
                f"({percent_range((of['low'], of['high']))}), {of['images']} images"
            )
    packages = ", ".join(f"{name} {version}" for name, version in made.items())
    steps = ", ".join(step["stage"].rpartition(":")[2] for step in document["steps"])
    found += [f"written by {packages}", f"steps: {steps}"]
    found += [
        f"needs the file {name}, which it does not hold" for name in document["modules"].values()
    ]
    for weights in facts.get("weights", ()):
        found.append(f"weights of {weights['backbone']}: {weights['source']}; {weights['terms']}")
        if "trained_on" in weights:  # not in files of older versions
            size = weights["image_size"]
            at = f"; its images have {size} x {size} pixels" if size else ""
            found.append(f"{weights['backbone']} was trained on: {weights['trained_on']}{at}")
    return found
