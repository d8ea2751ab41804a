"""What `--set` changes in an experiment file's tables."""

import tomllib
from typing import Any

from strata.errors import InputError, nearest


def override(tables: dict[str, Any], setting: str) -> None:
    """Set one dotted key, as `--set fisher.mixture.components=128` says it."""
    dotted, equals, value = setting.partition("=")
    parts = dotted.strip().split(".")
    if not equals or not all(parts):
        raise InputError(f"--set {setting}: KEY=VALUE is needed.")
    methods = tables.get("methods", {})
    if parts[0] == "methods":
        parts = parts[1:]
    if parts and parts[0] in methods:
        table = methods
    elif parts and (parts[0] in ("data", "protocol") or dotted in ("name", "title")):
        table = tables
    else:
        raise InputError(
            f"--set {setting}: '{parts[0] if parts else dotted}' is no method of this file.",
            nearest(parts[0] if parts else "", [*methods, "data", "protocol"]),
        )
    varied = methods.get(parts[0], {}).get("vary", {}) if parts[0] in methods else {}
    if ".".join(parts[1:]) in varied:
        raise InputError(
            f"--set {setting}: {parts[0]} varies it.",
            f"Change methods.{parts[0]}.vary in the file.",
        )
    for part in parts[:-1]:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise InputError(f"--set {setting}: '{part}' is not a table.")
    table[parts[-1]] = _value(value.strip())


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
