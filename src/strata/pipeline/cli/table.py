"""Plain tables on the terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from strata.reports.results import Comparison


def print_table(
    console: "Console",
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    left: int = 1,
) -> None:
    """Columns wide enough for their longest cell; the first `left` ones to the left.

    Not rich's table: what is piped should keep every character, whatever the width.
    """
    cells = [list(columns), *[list(map(str, row)) for row in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
    for number, row in enumerate(cells):
        parts = [
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        line = "  ".join(parts).rstrip()
        console.print(line, style="bold" if number == 0 else None, highlight=False, markup=False)


def print_ranking(console: "Console", compared: "Comparison") -> None:
    """The report's ranking, best first."""
    from strata.reports import terminal_table

    table = terminal_table(compared)
    print_table(console, table.columns, table.rows, left=table.right.index(True))
    for note in table.notes:
        console.print(note, highlight=False, markup=False)
