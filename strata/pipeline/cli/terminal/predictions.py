"""Predictions on standard output as they come: a table, CSV, or JSON lines."""

import csv
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len

from strata.pipeline.workspace.console import Terminal
from strata.pipeline.workspace.text_table import table_line
from strata.text import one_line, utf8

if TYPE_CHECKING:
    from strata.pipeline.prediction.classify import Prediction

#: Note on an image of nearly one color.
FLAT = "nearly flat, so its class and score say little"
#: Columns of a table for the classes after the first one, and how many it has without `top`.
_NEXT, _IN_TABLE = ("second", "third"), 2
#: Width of a table's first column while the paths are not known.
UNKNOWN_NAMES = 40


class Predictions(ABC):
    """Base class of the formats: writes each prediction at once.

    Args:
        console: stdout.
        notes: stderr, for what the format has no place for.
        classes: names of all classes.
        top: number of classes of an image, the best ones; None: as many as the format has.
    """

    def __init__(
        self, console: Terminal, notes: Terminal, classes: Sequence[str], top: int | None
    ) -> None:
        self._console = console
        self._notes = notes
        self._classes = classes
        self._top = top

    @abstractmethod
    def write(self, prediction: "Prediction") -> None:
        """Write one prediction."""

    def end(self) -> None:  # noqa: B027  (most formats hold nothing back)
        """Write what has waited for a later prediction."""

    def _line(self, text: str, style: str | None = None) -> None:
        """Print a line; on a terminal above the progress bar, elsewhere as it is, and flushed."""
        if self._console.is_terminal:
            self._console.print(text, style=style)
        else:
            print(text, flush=True)


class JsonLines(Predictions):
    """An object per line and image: its classes, best first, or its problem."""

    def write(self, prediction: "Prediction") -> None:
        """Write one prediction."""
        told: dict[str, object] = {"image": utf8(prediction.path)}
        if prediction.problem:
            told["problem"] = prediction.problem
        else:
            best = ranked(prediction, self._classes)[: self._top]
            several = "scores" if prediction.probabilities is None else "probabilities"
            told |= {"class": best[0][0], several: dict(best)}
        if prediction.flat:
            told["flat"] = True
        self._line(json.dumps(told))


class CsvRows(Predictions):
    """A row per image: its class, and the values of all classes, or the best ones.

    The header says whether values are probabilities or scores, so rows wait for the first image
    that has some. Problems are told on stderr; their rows have a path only.
    """

    _columns = 0  # before the header
    _waiting: tuple["Prediction", ...] = ()

    def write(self, prediction: "Prediction") -> None:
        """Write one prediction."""
        if not self._columns and prediction.scores is None:
            self._waiting += (prediction,)
            return
        self._begin(kind_of(prediction))
        self._row(prediction)

    def end(self) -> None:
        """Write the rows of images without values, where there is no other."""
        self._begin("probability")

    def _begin(self, kind: str) -> None:
        if self._columns:
            return
        columns = ["path", "class", kind]
        if self._top is None:
            columns += self._classes
        else:
            places = range(2, min(self._top, len(self._classes)) + 1)
            columns += [f"{name}_{place}" for place in places for name in ("class", kind)]
        self._columns = len(columns)
        self._cells(columns)
        for waiting in self._waiting:
            self._row(waiting)

    def _row(self, prediction: "Prediction") -> None:
        told = utf8(prediction.path)
        problem = prediction.problem or (FLAT if prediction.flat else "")
        if problem:
            self._notes.print(f"{one_line(told)}: {problem}")
        values = values_of(prediction)
        best = ranked(prediction, self._classes)
        if not best:
            self._cells([told, *[""] * (self._columns - 1)])
        elif self._top is None:
            self._cells([told, *best[0], *values])
        else:
            self._cells([told, *(cell for pair in best[: self._top] for cell in pair)])

    def _cells(self, cells: Sequence[object]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerow(cells)  # quotes both in a name
        self._line(text.getvalue().removesuffix("\r\n"))


class TableRows(Predictions):
    """A table for people: the best class, its value, and the next ones; problems in between."""

    _widths: list[int] | None = None
    _name_width = UNKNOWN_NAMES

    def fit_names(self, names: Sequence[str]) -> None:
        """Make the first column as wide as the longest of the names, where all are known."""
        self._name_width = max((cell_len(one_line(utf8(name))) for name in names), default=0)

    def write(self, prediction: "Prediction") -> None:
        """Write one prediction."""
        name = one_line(utf8(prediction.path))
        if prediction.problem:
            style = "yellow" if prediction.undescribed else "red"
            self._line(f"{name}: {one_line(prediction.problem)}", style)
            return
        best = ranked(prediction, self._classes)
        shown = min(self._top or _IN_TABLE, len(best))
        (first, value), *others = best[:shown]
        if self._widths is None:
            self._widths = self._first_widths(shown)
            columns = ["image", "class", kind_of(prediction)]
            self._row([*columns, *(_ordinal(place) for place in range(2, shown + 1))], "bold")
        others_told = [f"{one_line(label)} {number:.2f}" for label, number in others]
        self._row([name, one_line(first), f"{value:.2f}", *others_told])
        if prediction.flat:
            self._line(f"{name}: {FLAT}", "yellow")

    def _first_widths(self, shown: int) -> list[int]:
        label = max(cell_len(one_line(name)) for name in self._classes)
        return [self._name_width, label, 0, *[label + len(" 0.00")] * (shown - 1)]

    def _row(self, cells: Sequence[str], style: str | None = None) -> None:
        """Print a row; a cell that is wider than its column widens it from here on."""
        assert self._widths is not None
        self._widths = [max(w, cell_len(c)) for w, c in zip(self._widths, cells, strict=True)]
        self._line(table_line(cells, self._widths, left=2), style)


def kind_of(prediction: "Prediction") -> str:
    """Name of the values of a prediction."""
    return "score" if prediction.probabilities is None else "probability"


def values_of(prediction: "Prediction") -> list[float]:
    """Probability of each class, or its score where a method gives none; [] with a problem."""
    values = prediction.scores if prediction.probabilities is None else prediction.probabilities
    return [] if values is None else [float(value) for value in values]


def ranked(prediction: "Prediction", classes: Sequence[str]) -> list[tuple[str, float]]:
    """Classes with their values, in the order of the scores, best first; [] with a problem."""
    if prediction.scores is None:
        return []
    values = values_of(prediction)
    return [(classes[i], values[i]) for i in (-prediction.scores).argsort(kind="stable")]


def _ordinal(place: int) -> str:
    return _NEXT[place - 2] if place - 2 < len(_NEXT) else f"{place}th"
