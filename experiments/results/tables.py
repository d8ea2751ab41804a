"""The tables of docs/results.md, filled from results.json files.

`templates.py` has the placeholders, `cells.py` and `histories.py` the fields.
"""

import json
import re
from datetime import datetime
from functools import cache
from typing import Any

from experiments.results.cells import FIELDS, AbsentError
from experiments.results.histories import LAYER_FIELDS, layer_cells
from experiments.results.history import History
from experiments.results.runs import Place, Run
from experiments.results.templates import PLACEHOLDER, placeholders
from strata.errors import InputError


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

        return PLACEHOLDER.sub(replaced, template)

    def images(self) -> str:
        """Digest of the images of all runs; "" if there is no run, or none that says it.

        Raises:
            InputError: two runs were made from different images.
        """
        digests: dict[str, str] = {}
        for name in self.runs:
            document, record = self.document(name), self.history.records.get(name)
            if document and record:
                said = document.get("data", {}).get("digest") or record.images
                digests.setdefault(said, name)
        digests.pop("", None)
        if len(digests) > 1:
            raise InputError(
                f"The runs in {self.place.root} are of different images: "
                f"{' and '.join(digests.values())}.",
                "Make the earlier ones again, or keep runs of each set in a folder of its own "
                "(--into).",
            )
        return next(iter(digests), "")
