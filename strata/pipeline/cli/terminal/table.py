"""Plain-text tables for the terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len

from strata.pipeline.cli.terminal.console import Terminal
from strata.text import one_line

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
    cells = [list(columns), *[[one_line(str(cell)) for cell in row] for row in rows]]
    widths = [max(cell_len(row[i]) for row in cells) for i in range(len(columns))]
    for number, row in enumerate(cells):
        console.print(table_line(row, widths, left), style="bold" if number == 0 else None)


def table_line(cells: Sequence[str], widths: Sequence[int], left: int) -> str:
    """One row of a table: the first `left` cells left-aligned, the others right-aligned."""
    parts = []
    for i, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        room = " " * (width - cell_len(cell))
        parts.append(cell + room if i < left else room + cell)
    return "  ".join(parts).rstrip()


def print_ranking(console: Terminal, compared: "Comparison") -> None:
    """Print the report's ranking of the methods, best first."""
    from strata.reports import terminal_table

    table = terminal_table(compared)
    print_table(console, table.columns, table.rows, left=table.right.index(True))
    for note in table.notes:
        console.print(note)
