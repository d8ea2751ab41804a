"""Plain-text tables for the terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from strata.pipeline.workspace.console import Terminal
from strata.pipeline.workspace.text_table import table_lines

if TYPE_CHECKING:
    from strata.reports.model.results import Comparison


def print_table(
    console: Terminal,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    left: int = 1,
) -> None:
    """Print a table; the first `left` columns are left-aligned, the others right-aligned.

    Not rich's table, which truncates to the terminal's width: piped output must keep every
    character. A line break in a name is printed as `\\n`, so that a row is one line.
    """
    for number, line in enumerate(table_lines(columns, rows, left=left)):
        console.print(line, style="bold" if number == 0 else None)


def print_ranking(console: Terminal, compared: "Comparison") -> None:
    """Print the report's ranking of the methods, best first."""
    from strata.reports import terminal_table

    table = terminal_table(compared)
    print_table(console, table.columns, table.rows, left=table.right.index(True))
    for note in table.notes:
        console.print(note)
