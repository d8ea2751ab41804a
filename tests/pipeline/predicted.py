"""Predictions of the program, as its JSON lines tell them."""

import json
from subprocess import CompletedProcess
from typing import Any


def predictions_in(done: "CompletedProcess[str]") -> dict[str, Any]:
    """Object of each image, by its name."""
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines, done.stderr
    return {line["image"]: line for line in lines}
