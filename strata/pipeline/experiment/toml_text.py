"""TOML of users parsed to tables, with every fault of the text as one kind of error."""

import tomllib
from typing import Any

#: Levels of tables and lists that are read; no experiment has more than six.
MAX_DEPTH = 50
TOO_LONG = "it holds an integer outside of -2**63 to 2**63 - 1"


class TOMLError(ValueError):
    """Text that is not TOML, or that no reader should be asked to take."""


def parse(text: str) -> dict[str, Any]:
    """Tables of a TOML text; a byte order mark before it is skipped.

    Raises:
        TOMLError: the text is not TOML, has an integer outside of 64 bits, or is nested deeper
            than 50 levels.
    """
    try:
        tables = tomllib.loads(text.removeprefix("\ufeff"))
    except RecursionError:
        raise TOMLError(f"it is nested deeper than {MAX_DEPTH} levels") from None
    except ValueError as error:  # TOMLDecodeError, or int() on thousands of digits
        if isinstance(error, tomllib.TOMLDecodeError):
            raise TOMLError(str(error).rstrip(".")) from None
        raise TOMLError(TOO_LONG) from None
    _check(tables)
    return tables


def _check(tables: dict[str, Any]) -> None:
    """Refuse deep nesting and integers that TOML does not promise, level by level."""
    level: list[Any] = [tables]
    for _ in range(MAX_DEPTH):
        values = [v for t in level for v in (t.values() if isinstance(t, dict) else t)]
        if any(isinstance(v, int) and not -(2**63) <= v < 2**63 for v in values):
            raise TOMLError(TOO_LONG)
        level = [v for v in values if isinstance(v, dict | list)]
        if not level:
            return
    raise TOMLError(f"it is nested deeper than {MAX_DEPTH} levels")
