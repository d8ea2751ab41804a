"""Result of `strata.compare`: a table of the methods, and what each has learned."""

import dataclasses
import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from strata.errors import InputError, StrataError, nearest
from strata.files import expand_user
from strata.pipeline.api.tables import data_frame, html_table
from strata.pipeline.experiment.compose import Target
from strata.pipeline.prediction.model import Model
from strata.pipeline.workspace.export import export_method
from strata.pipeline.workspace.report import write_files
from strata.pipeline.workspace.text_table import table_lines
from strata.pipeline.workspace.trained import trained
from strata.pipeline.workspace.workspace import Workspace

if TYPE_CHECKING:
    from strata.reports.exports.tables import Table
    from strata.reports.model.results import Comparison
    from strata.reports.summary.analysis import Analysis


class ComparisonResult:
    """Methods compared on the same images and folds; `strata.compare` returns it.

    It prints as the ranking of the methods, in notebooks as a table.

    Attributes:
        notes: remarks on the images: what was left out, and what is doubtful about the classes.
    """

    def __init__(self, workspace: Workspace, comparison: "Comparison", notes: list[str]) -> None:
        self.notes = notes
        self._workspace = workspace
        self._comparison = comparison

    @cached_property
    def _analysis(self) -> "Analysis":
        from strata.reports import analyze

        return analyze(self._comparison)

    @property
    def best(self) -> str:
        """Name of the method of the highest accuracy in cross-validation."""
        best = self._analysis.ranking.best
        if best is None:
            raise StrataError("No method has results.")
        return best.method.name

    @property
    def methods(self) -> list[str]:
        """Names of the methods that have results, best first."""
        return [row.method.name for row in self._analysis.ranking.rows]

    @property
    def errors(self) -> dict[str, str]:
        """For each method without results, by name, the error that stopped it."""
        from strata.reports.formatting import NOT_COMPUTED

        return {m.name: m.error or NOT_COMPUTED for m in self._analysis.ranking.failed}

    @property
    def results(self) -> dict[str, Any]:
        """All numbers, as results.json has them (docs/results-json.md): dicts and lists."""
        from strata.reports import json_text

        return json.loads(json_text(self._analysis))

    def table(self) -> Any:
        """One row per method, best first: accuracy with its interval, other metrics, costs.

        Columns are those of results.csv, such as cv_accuracy, cv_accuracy_low, fit_seconds.

        Returns:
            a pandas DataFrame, or a list of dicts where pandas is not installed.
        """
        from strata.reports.exports.tables import flat_rows

        return data_frame(flat_rows(self._analysis))

    def model(self, method: str | None = None) -> Model:
        """A method as it was fitted on all training images.

        Without test images there is no such fit: then as fitted in the last fold.

        Args:
            method: its name; None for the best.

        Raises:
            InputError: no method of that name has results.
            StrataError: the store is gone.
        """
        return trained(self._there, self._target(method))

    def predict(self, images: Any, method: str | None = None) -> np.ndarray:
        """Class names (n,) of images, see `strata.Model.predict`; by the best method if None."""
        return self.model(method).predict(images)

    def export(self, path: "str | Path", method: str | None = None) -> Path:
        """Write a method to a file that predicts anywhere, see `strata.load`; return its path.

        Args:
            path: name of the file, ending with .strata; or with .onnx, for the methods that have
                that form (docs/models.md), checked on images that the method was not trained on.
            method: its name; None for the best.

        Raises:
            InputError: another suffix, a file that cannot be written, or a method that cannot be
                exported.
            StrataError: the store is gone.
        """
        place = expand_user(path)
        export_method(self._there, self._target(method), place)
        return place

    def report(self, folder: "str | Path") -> Path:
        """Write the report and the files beside it; return the path of its page.

        Raises:
            StrataError: the folder cannot be written, or the store is gone.
        """
        place = dataclasses.replace(self._there, out=expand_user(folder))
        return write_files(place, self._comparison).html

    @property
    def _there(self) -> Workspace:
        """The workspace, whose store is still there."""
        root = self._workspace.store.root
        if not root.is_dir():
            raise StrataError(
                f"The store {root} of this comparison is gone.",
                "Compare again: strata.compare makes what is missing.",
            )
        return self._workspace

    def _target(self, method: str | None) -> Target:
        name = self.best if method is None else method
        if name not in self.methods:
            reason = self.errors.get(name)
            raise InputError(
                f"{name} has no results: {reason}" if reason else f"There is no method '{name}'.",
                "" if reason else nearest(name, self.methods),
            )
        (target,) = [t for t in self._workspace.targets if t.name == name]
        return target

    @cached_property
    def _ranking(self) -> "Table":
        from strata.reports.exports.tables import ranking_table

        return ranking_table(self._analysis)

    def __repr__(self) -> str:
        table = self._ranking
        lines = table_lines(table.columns, table.rows, left=table.right.index(True))
        return "\n".join([*lines, *table.notes])

    def _repr_html_(self) -> str:
        return html_table(self._ranking.columns, self._ranking.rows, self._ranking.notes)
