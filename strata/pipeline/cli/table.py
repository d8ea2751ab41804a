"""The terminal: plain text and tables, and nothing in them that steers the terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console

from strata.errors import one_line, printable

if TYPE_CHECKING:
    from strata.reports.model.results import Comparison


class Terminal(Console):
    """Console that prints strings as they are, without markup, and control characters escaped.

    Args:
        stderr: print to stderr, where progress goes; results go to stdout.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, soft_wrap=True, markup=False, highlight=False)

    def print(self, *objects: Any, **keywords: Any) -> None:
        """Print objects as rich does, strings with control characters escaped."""
        super().print(*(printable(o) if isinstance(o, str) else o for o in objects), **keywords)


def print_table(
    console: Console,
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
        parts = []
        for i, (cell, width) in enumerate(zip(row, widths, strict=True)):
            room = " " * (width - cell_len(cell))
            parts.append(cell + room if i < left else room + cell)
        line = "  ".join(parts).rstrip()
        console.print(line, style="bold" if number == 0 else None, highlight=False, markup=False)


def print_ranking(console: Console, compared: "Comparison") -> None:
    """Print the report's ranking of the methods, best first."""
    from strata.reports import terminal_table

    table = terminal_table(compared)
    print_table(console, table.columns, table.rows, left=table.right.index(True))
    for note in table.notes:
        console.print(note, highlight=False, markup=False)
