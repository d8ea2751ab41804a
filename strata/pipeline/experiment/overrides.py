"""Overrides of an experiment file's values by `--set KEY=VALUE`."""

from typing import Any

from strata.errors import InputError, nearest
from strata.files import expand_user
from strata.pipeline.experiment.toml_text import MAX_DEPTH, TOMLError, parse


def override(tables: dict[str, Any], setting: str) -> None:
    """Set one value in place, as `--set fisher.mixture.n_components=128` does.

    Relative paths start at the current folder (those in the file, at the file's folder).

    Args:
        tables: the file's tables, as read from TOML.
        setting: "KEY=VALUE"; the value is parsed as TOML, or else taken as text.

    Raises:
        InputError: the setting is not KEY=VALUE, its key leads to no method and no known table, or
            the method varies it.
    """
    dotted, equals, value = setting.partition("=")
    dotted = dotted.strip()
    parts = dotted.split(".")
    if not equals or not all(parts):
        raise InputError(f"--set {_shown(setting)}: it should be KEY=VALUE.")
    if len(parts) > MAX_DEPTH:
        raise InputError(f"--set {_shown(setting)}: no key has {len(parts)} parts.")
    methods = _as_table(tables.get("methods"))
    if parts[0] == "methods":
        parts = parts[1:]
    if parts and parts[0] in methods:
        table = methods
        _check_not_varied(parts[0], methods[parts[0]], ".".join(parts[1:]), setting)
    elif parts and (parts[0] in ("data", "protocol", "report") or dotted in ("name", "title")):
        table = tables
    else:
        raise InputError(
            f"--set {_shown(setting)}: this file has no method '{parts[0] if parts else dotted}'.",
            nearest(
                parts[0] if parts else "", [*methods, "data", "protocol", "report", "name", "title"]
            )
            + " Keys of these tables begin with their name: protocol.folds=4, data.source=DIR.",
        )
    for part in parts[:-1]:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise InputError(f"--set {_shown(setting)}: '{part}' is not a table.")
    table[parts[-1]] = _absolute(".".join(parts), _value(value.strip()))


def _shown(setting: str) -> str:
    return setting if len(setting) <= 100 else f"{setting[:97]}..."


def _absolute(key: str, value: Any) -> Any:
    """The value of a key that holds a path made absolute, any other value as it is.

    `data.source` may be a URL or "scenes"; a `data.split` that does not exist here may be inside
    the archive.
    """
    if key not in ("data.source", "data.split") or not isinstance(value, str):
        return value
    path = expand_user(value).absolute()
    if key == "data.source":
        is_path = "://" not in value and value != "scenes"
    else:
        is_path = path.exists()
    return str(path) if is_path else value


def _check_not_varied(name: str, method: Any, parameter: str, setting: str) -> None:
    if parameter in _as_table(_as_table(method).get("vary")):
        raise InputError(
            f"--set {_shown(setting)}: the method varies it.",
            f"Change methods.{name}.vary in the file.",
        )


def _as_table(found: Any) -> dict[str, Any]:
    """The value if it is a table, else an empty one; `read_experiment` reports wrong types."""
    return found if isinstance(found, dict) else {}


def _value(text: str) -> Any:
    """Text parsed as a TOML value; text that is none stays text."""
    try:
        return parse(f"value = {text}")["value"]
    except TOMLError:
        return text
