"""`strata describe FILE.strata`: the facts of a model file, without running any of it."""

import json
from pathlib import Path
from typing import Any

from strata.pipeline.cli.terminal.table import print_table
from strata.pipeline.prediction.container import Container, refused
from strata.pipeline.prediction.model_file import read_document
from strata.pipeline.workspace.console import Terminal


def describe_file(path: Path, as_json: bool) -> int:
    """Print the facts of a model file; its stages and estimators are not loaded."""
    container = Container(path)
    document = read_document(container)
    try:
        container.verify(document["digests"])
        if as_json:
            print(json.dumps(document, indent=2))
            return 0
        console = Terminal()
        for line in _lines(document):
            console.print(line)
        counts = document["facts"].get("data", {}).get("images", {})
        rows = [[name, str(counts.get(name, ""))] for name in document["classes"]]
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise refused(path, f"its facts are none ({type(error).__name__}: {error})") from error
    print_table(console, ["class", "images"], rows)
    return 0


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
    return found
