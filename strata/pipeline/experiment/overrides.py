"""What `--set` changes in an experiment file's tables."""

import tomllib
from pathlib import Path
from typing import Any

from strata.errors import InputError, nearest


def override(tables: dict[str, Any], setting: str) -> None:
    """Set one dotted key, as `--set fisher.mixture.components=128` says it, in place.

    Paths count from where the program is started, those of the file from the file's folder.

    Raises:
        InputError: no KEY=VALUE, a key that leads nowhere, or one that the method varies.
    """
    dotted, equals, value = setting.partition("=")
    dotted = dotted.strip()
    parts = dotted.split(".")
    if not equals or not all(parts):
        raise InputError(f"--set {setting}: it should be KEY=VALUE.")
    methods = _as_table(tables.get("methods"))
    if parts[0] == "methods":
        parts = parts[1:]
    if parts and parts[0] in methods:
        table = methods
        _check_not_varied(parts[0], methods[parts[0]], ".".join(parts[1:]), setting)
    elif parts and (parts[0] in ("data", "protocol") or dotted in ("name", "title")):
        table = tables
    else:
        raise InputError(
            f"--set {setting}: this file has no method '{parts[0] if parts else dotted}'.",
            nearest(parts[0] if parts else "", [*methods, "data", "protocol", "name", "title"]),
        )
    for part in parts[:-1]:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise InputError(f"--set {setting}: '{part}' is not a table.")
    found = _value(value.strip())
    table[parts[-1]] = _from_here(".".join(parts), found)


def _from_here(key: str, value: Any) -> Any:
    """A path made absolute; a URL, the word for drawn scenes, a split file that is not here (it
    may be in the archive) and all other values as they are.
    """
    if key not in ("data.source", "data.split") or not isinstance(value, str):
        return value
    here = Path(value).expanduser().absolute()
    other = "://" in value or value == "scenes" if key == "data.source" else not here.exists()
    return value if other else str(here)


def _check_not_varied(name: str, method: Any, parameter: str, setting: str) -> None:
    if parameter in _as_table(_as_table(method).get("vary")):
        raise InputError(
            f"--set {setting}: the method varies it.", f"Change methods.{name}.vary in the file."
        )


def _as_table(found: Any) -> dict[str, Any]:
    """What should be a table; where it is none, whoever reads the file says so."""
    return found if isinstance(found, dict) else {}


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
