"""Ranking as plain tables: for the terminal and as CSV."""

import csv
import io
from collections.abc import Callable
from typing import Any, NamedTuple

from strata.reports.comparison.evaluation import Evaluation, Split
from strata.reports.comparison.ranking import Mark, RankedMethod
from strata.reports.formatting import (
    NOT_COMPUTED,
    count,
    decimal,
    duration,
    headline,
    known,
    milliseconds,
    percent,
    percent_range,
    size,
)
from strata.reports.model.results import Comparison, Cost
from strata.reports.summary.analysis import Analysis, analyze
from strata.reports.summary.power import power_notes


class MarkText(NamedTuple):
    """A mark in a table: its sign in the terminal, its badge on the page, its meaning."""

    sign: str
    badge: str
    meaning: str


#: Texts of the marks that are shown; methods significantly below the best, and untested ones, have
#: none.
MARKS: dict[Mark, MarkText] = {
    "best": MarkText("*", "best", "best"),
    "tied": MarkText("=", "tied with best", "not significantly different from the best"),
    "below on test": MarkText(
        "<", "below best on test", "significantly below the best on the test images only"
    ),
    "above on test": MarkText(
        ">", "above best on test", "significantly above the best on the test images"
    ),
}
UNMARKED = MarkText("", "", "")


class Table(NamedTuple):
    """A table as text.

    Attributes:
        columns: headings.
        rows: cells, one list per row.
        right: per column, whether it is right-aligned.
        notes: sentences to print below the table.
    """

    columns: list[str]
    rows: list[list[str]]
    right: list[bool]
    notes: list[str]


Cell = Callable[[RankedMethod], str]


def _measured(split: Split, show: Callable[[Evaluation], str]) -> Cell:
    """Cell of a metric on a split; a dash without scores there."""
    return lambda row: show(row.evaluations[split]) if split in row.evaluations else "–"


def _costs(show: Callable[[Cost], str]) -> Cell:
    """Cell of a cost; a dash where the costs are unknown."""
    return lambda row: show(row.method.cost) if row.method.cost else "–"


def _accuracy(evaluation: Evaluation) -> str:
    """Accuracy with its interval, in percent."""
    if not known(evaluation.interval.low):
        return percent(evaluation.accuracy)
    return f"{percent(evaluation.accuracy)} ({percent_range(evaluation.interval)})"


def _columns(analysis: Analysis) -> list[tuple[str, Cell]]:
    """Headings and cells, without the columns that would be empty."""
    ranking = analysis.ranking
    basis = ranking.basis or "cv"
    columns: list[tuple[str, Cell]] = []
    if ranking.on("cv"):
        columns.append(("CV accuracy % (95 % CI)", _measured("cv", _accuracy)))
    if ranking.on("test"):
        columns.append(("test accuracy % (95 % CI)", _measured("test", _accuracy)))
    columns += [
        ("macro-F1", _measured(basis, lambda e: decimal(e.macro_f1))),
        ("fit", _costs(lambda c: duration(c.fit_seconds))),
        ("ms/image", _costs(lambda c: milliseconds(c.predict_ms))),
        ("parameters", _costs(lambda c: count(c.parameters))),
        ("size", _costs(lambda c: size(c.bytes))),
    ]
    return columns


def ranking_table(analysis: Analysis) -> Table:
    """Ranking, failed methods at the end with the first line of their error as a note."""
    columns = _columns(analysis)
    rows = [
        [
            str(row.rank or "–"),
            f"{row.method.name} {MARKS.get(row.mark, UNMARKED).sign}".rstrip(),
            *(cell(row) for _, cell in columns),
        ]
        for row in analysis.ranking.rows
    ]
    rows += [["–", m.name, *("–" for _ in columns)] for m in analysis.ranking.failed]
    marks = {row.mark for row in analysis.ranking.rows}
    notes = [f"{text.sign} {text.meaning}" for mark, text in MARKS.items() if mark in marks]
    notes += power_notes(analysis.ranking)
    alike: dict[str, list[str]] = {}
    for method in analysis.ranking.failed:
        told = headline(method.error, method.name) if method.error else NOT_COMPUTED
        alike.setdefault(told, []).append(method.name)
    notes += [f"{', '.join(names)}: {error}" for error, names in alike.items()]
    heads = ["#", "method", *(title for title, _ in columns)]
    return Table(heads, rows, [title not in ("#", "method") for title in heads], notes)


def terminal_table(comparison: Comparison) -> Table:
    """Ranking of a comparison for the terminal, as plain text cells."""
    return ranking_table(analyze(comparison))


def csv_text(analysis: Analysis) -> str:
    """CSV with one line per method, numbers unrounded, an empty cell for what is unknown."""
    rows = flat_rows(analysis)
    columns = list(dict.fromkeys(key for row in rows for key in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def flat_rows(analysis: Analysis) -> list[dict[str, Any]]:
    """Metrics and costs of each method in the order of the ranking, failed ones at the end."""
    rows = [flat_row(row) for row in analysis.ranking.rows]
    rows += [{"method": m.name, "recipe": m.recipe, "error": m.error or NOT_COMPUTED}
             for m in analysis.ranking.failed]  # fmt: skip
    return rows


def flat_row(row: RankedMethod) -> dict[str, Any]:
    """Metrics and costs of one method under flat names such as `cv_accuracy_low`."""
    flat: dict[str, Any] = {
        "rank": row.rank,
        "method": row.method.name,
        "recipe": row.method.recipe,
        "family": row.method.kind,
        "standing": row.standing,
    }
    for split, evaluation in row.evaluations.items():
        flat |= {f"{split}_{name}": value for name, value in metric_values(evaluation).items()}
    flat["paper_accuracy"] = row.method.paper
    flat["training_accuracy"] = row.method.training_accuracy
    flat |= vars(row.method.cost) if row.method.cost else {}
    flat["error"] = row.method.error or ""
    return {key: value for key, value in flat.items() if value is not None}


def metric_values(evaluation: Evaluation) -> dict[str, float | int | None]:
    """The scalar metrics of one method on one split; None for what is unknown."""
    probabilistic = evaluation.probabilistic
    values: dict[str, float | int | None] = {
        "images": evaluation.images,
        "repeats": evaluation.repeats,
        "accuracy": evaluation.accuracy,
        "accuracy_low": evaluation.interval.low,
        "accuracy_high": evaluation.interval.high,
        "macro_f1": evaluation.macro_f1,
        "balanced_accuracy": evaluation.balanced_accuracy,
        "macro_auc": evaluation.roc.macro,
        "top_5": evaluation.top_k,
        "log_loss": probabilistic.log_loss if probabilistic else None,
        "brier": probabilistic.brier if probabilistic else None,
        "calibration_error": probabilistic.reliability.error if probabilistic else None,
    }
    return {name: value if known(value) else None for name, value in values.items()}
