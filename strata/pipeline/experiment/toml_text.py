"""TOML of users parsed to tables, every fault of the text as one kind of error; tables as TOML."""

import json
import re
import tomllib
from collections.abc import Mapping
from os import PathLike
from typing import Any

from strata.text import utf8

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


def as_toml(tables: Mapping[str, Any]) -> str:
    """Text of tables, one [table.in.table] for each; None stands for what is not set.

    Raises:
        TOMLError: a value that TOML has not: other than text, paths, numbers, truth values, lists
            and tables of these.
    """
    return "\n".join(_lines(tables, ())).strip() + "\n"


def toml_value(value: Any) -> str:
    """A value as it stands to the right of a key; tables in braces.

    Raises:
        TOMLError: as `as_toml`.
    """
    if isinstance(value, Mapping):
        inside = ", ".join(
            f"{_key(k)} = {toml_value(v)}" for k, v in value.items() if v is not None
        )
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:  # a number of NumPy
        value = value.item()
    if isinstance(value, str | PathLike):
        text = str(value)
        if utf8(text) != text:
            raise TOMLError(f"{utf8(text)!r} is not UTF-8")
        return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool | int | float):
        return str(value).lower() if isinstance(value, bool) else repr(value)
    raise TOMLError(f"it has no {type(value).__name__} such as {value!r:.80}")


def _lines(table: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    plain = [
        f"{_key(key)} = {toml_value(value)}"
        for key, value in table.items()
        if value is not None and not isinstance(value, Mapping)
    ]
    inner = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    head = [f"\n[{'.'.join(map(_key, path))}]"] if path and (plain or not inner) else []
    return [
        *head,
        *plain,
        *(line for key, value in inner.items() for line in _lines(value, (*path, key))),
    ]


def _key(key: object) -> str:
    text = str(key)
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else toml_value(text)
