"""`strata compare`: differences between two runs, with significance tests."""

from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from strata.pipeline.cli.results_path import previous_results_path, results_path
from strata.pipeline.cli.terminal.table import print_table
from strata.text import one_line

if TYPE_CHECKING:
    from strata.reports.exports.compare_runs import Changes, MethodChange


def compare(before: Path, after: Path | None) -> int:
    """Print the changes of setting, parameters and scores, and which are significant.

    Args:
        before: the earlier report; without `after`, the later one.
        after: the later report; None to compare with the one that it replaced.
    """
    from strata.pipeline.workspace.console import Terminal
    from strata.reports import compare, read_results

    first, second = results_path(before), results_path(after) if after else None
    if second is None:
        first, second = previous_results_path(first), first
    changes = compare(read_results(first), read_results(second))
    console = Terminal()
    if after is None:
        console.print(one_line(f"before: {first.parent}"))
    for sentence in _sentences(changes):
        console.print(one_line(sentence))
    rows = [row for method in changes.methods for row in _rows(method)]
    if rows:
        columns = ["method", "split", "change", "p", "verdict"]
        print_table(console, columns, rows, left=2)
    return 0


def _sentences(changes: "Changes") -> Iterator[str]:
    """Yield the changes of setting, methods and parameters."""
    yield from changes.setting
    for what, names in (("added", changes.added), ("removed", changes.removed)):
        if names:
            yield f"{what}: {', '.join(names)}"
    yield from changes.missing
    for method in changes.methods:
        for name, old, new in method.parameters:
            yield f"{method.name}: {name} was {_shown(old)}, is {_shown(new)}"


def _shown(value: Any) -> str:
    return "unset" if value is None else str(value)


def _rows(method: "MethodChange") -> list[list[str]]:
    rows = []
    for split, pair in method.scores.items():
        change = f"{100 * pair.difference:+.1f} points" if isfinite(pair.difference) else ""
        if pair.p_adjusted is None:
            rows.append([method.name, split, change, "", f"not tested: {pair.untested}"])
            continue
        verdict = "significant" if pair.significant else "not significant"
        rows.append([method.name, split, change, f"{pair.p_adjusted:.3f}", verdict])
    return rows
