"""TOML of users parsed to tables, with every fault of the text as one kind of error."""

import tomllib
from typing import Any

#: Levels of tables and lists that are read; no experiment has more than six.
MAX_DEPTH = 50


class TOMLError(ValueError):
    """Text that is not TOML, or that no reader should be asked to take."""


def parse(text: str) -> dict[str, Any]:
    """Tables of a TOML text; a byte order mark before it is skipped.

    Raises:
        TOMLError: the text is not TOML, has an integer of more digits than Python reads, or is
            nested deeper than 50 levels.
    """
    try:
        tables = tomllib.loads(text.removeprefix("\ufeff"))
    except RecursionError:
        raise TOMLError(f"it is nested deeper than {MAX_DEPTH} levels") from None
    except ValueError as error:  # TOMLDecodeError, or int() on thousands of digits
        if isinstance(error, tomllib.TOMLDecodeError):
            raise TOMLError(str(error).rstrip(".")) from None
        raise TOMLError("it holds a number with too many digits") from None
    _check_depth(tables)
    return tables


def _check_depth(tables: dict[str, Any]) -> None:
    level: list[Any] = [tables]
    for _ in range(MAX_DEPTH):
        level = [
            value
            for table in level
            for value in (table.values() if isinstance(table, dict) else table)
            if isinstance(value, dict | list)
        ]
        if not level:
            return
    raise TOMLError(f"it is nested deeper than {MAX_DEPTH} levels")
