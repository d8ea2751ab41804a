"""The tables of docs/results.md: templates with placeholders, filled from results.json files.

A placeholder stands for one or more cells of a table's row: `{accuracy fisher/vlad}` is one,
`{accuracy, interval fisher/vlad}` are two, and `{pair codebooks/words[*]}` is one for each variant
of the method `words` in the experiment file's order. `cells.py` and `histories.py` have the
fields.
"""

import json
import re
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from experiments.results.cells import FIELDS, AbsentError
from experiments.results.histories import LAYER_FIELDS, layer_cells
from experiments.results.history import History
from experiments.results.runs import Place, Run
from strata.errors import InputError

TEMPLATES = Path(__file__).with_name("tables.md")
_PLACEHOLDER = re.compile(r"\{([\w, ]+) ([\w-]+)/([^{}]+)\}")


def read_templates(path: Path = TEMPLATES) -> dict[str, str]:
    """Template of each table, by the name in its heading."""
    _, *sections = re.split(r"^## (.+)\n", path.read_text(encoding="utf-8"), flags=re.M)
    return {name: text.strip() for name, text in zip(sections[::2], sections[1::2], strict=True)}


def placeholders(template: str) -> list[tuple[list[str], str, str]]:
    """Fields, run and method of each placeholder in a template."""
    return [
        ([field.strip() for field in fields.split(",")], run, method)
        for fields, run, method in _PLACEHOLDER.findall(template)
    ]


def expanded(method: str, run: Run) -> list[str]:
    """Names of the methods that a placeholder means: one, or all variants of one.

    Raises:
        AbsentError: the experiment file has no such method.
    """
    if run.is_script:
        return [method]
    name = method.removesuffix("[*]")
    known = {v for variants in run.variants.values() for v in variants}
    if name != method and name in run.variants:
        return run.variants[name]
    if method in known:
        return [method]
    raise AbsentError(f"{run.path.name} has no method {method}")


class Results:
    """Numbers of all runs, read when they are asked for.

    Args:
        runs: the runs by name.
        place: folder of their reports.
        history: records of the runs.
    """

    def __init__(self, runs: dict[str, Run], place: Place, history: History) -> None:
        self.runs, self.place, self.history = runs, place, history
        self.document = cache(self._document)

    def _document(self, run: str) -> dict[str, Any] | None:
        """Content of a run's results.json; None if there is none of its last attempt.

        One that did not come to its end may have left the file of an earlier one, of other code.
        """
        record = self.history.records.get(run)
        try:
            text = self.place.results(self.runs[run]).read_text(encoding="utf-8")
        except OSError:
            return None
        found: dict[str, Any] = json.loads(text)
        if record is None:
            return None
        begun = found.get("run", {}).get("started")
        later = begun and datetime.fromisoformat(begun) >= datetime.fromisoformat(record.started)
        return found if record.is_done or later else None

    def cells(self, fields: list[str], run: str, method: str) -> list[str]:
        """Cells of one placeholder.

        Raises:
            AbsentError: the run has not been made, or lacks the number.
        """
        names = expanded(method, self.runs[run])
        document = self.document(run)
        if document is None:
            begun = run in self.history.records
            raise AbsentError(f"the run {run} has not been {'finished' if begun else 'made'}")
        found = {m["name"]: m for m in document["methods"]}
        for name in names:
            if not (found.get(name) or {}).get("cv"):
                raise AbsentError(f"the run {run} has no results of {name}")
        return [self._cell(field, run, found[name]) for name in names for field in fields]

    def _cell(self, field: str, run: str, method: dict[str, Any]) -> str:
        if field in LAYER_FIELDS:
            report = self.place.results(self.runs[run]).with_name("report.html")
            return layer_cells(field, self.place.store, report, method["name"])
        return FIELDS[field](method)

    def fill(self, template: str) -> str:
        """A template with its placeholders replaced.

        Raises:
            AbsentError: a run has not been made, or lacks a number; the first cause is named.
        """

        def replaced(match: "re.Match[str]") -> str:
            [(fields, run, method)] = placeholders(match[0])
            return " | ".join(self.cells(fields, run, method))

        return _PLACEHOLDER.sub(replaced, template)

    def check_images(self) -> None:
        """Refuse runs of different images in one folder.

        Raises:
            InputError: two runs were made from different images.
        """
        made = {name: self.document(name) for name in self.runs}
        digests: dict[str, str] = {}
        for name, document in made.items():
            if document and "data" in document:
                digests.setdefault(document["data"]["digest"], name)
        if len(digests) > 1:
            raise InputError(
                f"The runs in {self.place.root} are of different images: "
                f"{' and '.join(digests.values())}.",
                "Make the earlier ones again, or keep runs of each set in a folder of its own "
                "(--into).",
            )
