"""Tables as lines of plain text."""

from collections.abc import Sequence

from strata.text import one_line


def table_lines(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1
) -> list[str]:
    """Lines of a table, the headings first; a line break in a name becomes `\\n`.

    Args:
        columns: headings.
        rows: cells, one list per row.
        left: number of columns, from the left, that are left-aligned; the others right-aligned.
    """
    from rich.cells import cell_len

    cells = [list(columns), *[[one_line(str(cell)) for cell in row] for row in rows]]
    widths = [max(cell_len(row[i]) for row in cells) for i in range(len(columns))]
    return [table_line(row, widths, left) for row in cells]


def table_line(cells: Sequence[str], widths: Sequence[int], left: int) -> str:
    """One row of a table: the first `left` cells left-aligned, the others right-aligned.

    Args:
        cells: text of each.
        widths: columns of the terminal that each takes.
        left: number of cells that are left-aligned.
    """
    from rich.cells import cell_len

    parts = []
    for i, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        room = " " * (width - cell_len(cell))
        parts.append(cell + room if i < left else room + cell)
    return "  ".join(parts).rstrip()
