"""Tables of results for notebooks: as data frames, and as HTML."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from strata.text import printable

_TABLE = "border-collapse: collapse; margin: 0.5em 0"
_CELL = "padding: 0.2em 0.7em; text-align: left; border-bottom: 1px solid rgba(128, 128, 128, 0.4)"


def data_frame(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Rows as a pandas DataFrame, or as they are where pandas is not installed."""
    try:
        import pandas
    except ImportError:
        return [dict(row) for row in rows]
    return pandas.DataFrame(rows)


def html_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], notes: Sequence[str] = ()
) -> str:
    """A small HTML table, in the colors of the page that it stands on; all text is escaped.

    Args:
        columns: headings.
        rows: cells, one list per row.
        notes: lines below the table.
    """
    head = "".join(f'<th style="{_CELL}">{_text(cell)}</th>' for cell in columns)
    body = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{_text(cell)}</td>' for cell in row) + "</tr>"
        for row in rows
    )
    below = "".join(f"<div><small>{_text(note)}</small></div>" for note in notes)
    return (
        f'<table style="{_TABLE}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        f"{below}"
    )


def _text(cell: str) -> str:
    return escape(printable(str(cell)))
