"""`strata compare`: differences between two runs, with significance tests."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from strata.pipeline.cli.results_path import results_path
from strata.pipeline.cli.table import print_table

if TYPE_CHECKING:
    from strata.reports.exports.compare_runs import MethodChange


def compare(before: Path, after: Path) -> int:
    """Print the changes of setting, parameters and scores, and which are significant."""
    from rich.console import Console

    from strata.reports import compare, read_results

    changes = compare(read_results(results_path(before)), read_results(results_path(after)))
    console = Console(soft_wrap=True)
    for sentence in changes.setting:
        console.print(sentence, highlight=False, markup=False)
    for what, names in (("added", changes.added), ("removed", changes.removed)):
        if names:
            console.print(f"{what}: {', '.join(names)}", highlight=False, markup=False)
    for sentence in changes.missing:
        console.print(sentence, highlight=False, markup=False)
    for method in changes.methods:
        for name, old, new in method.parameters:
            text = f"{method.name}: {name} was {_shown(old)}, is {_shown(new)}"
            console.print(text, highlight=False, markup=False)
    rows = [row for method in changes.methods for row in _rows(method)]
    if rows:
        columns = ["method", "split", "change", "p", "verdict"]
        print_table(console, columns, rows, left=2)
    return 0


def _shown(value: Any) -> str:
    return "unset" if value is None else str(value)


def _rows(method: "MethodChange") -> list[list[str]]:
    rows = []
    for split, pair in method.scores.items():
        change = f"{100 * pair.difference:+.1f} points"
        if pair.p_adjusted is None:
            rows.append([method.name, split, change, "", f"not tested: {pair.untested}"])
            continue
        verdict = "significant" if pair.significant else "not significant"
        rows.append([method.name, split, change, f"{pair.p_adjusted:.3f}", verdict])
    return rows
