"""Tables of a description, checked against the fields of a dataclass."""

from collections.abc import Mapping
from dataclasses import fields
from types import UnionType
from typing import Any, get_args, get_origin

from strata.errors import InputError, nearest


def field_types(of: Any) -> dict[str, Any]:
    """The types of a dataclass's fields by name."""
    return {f.name: f.type for f in fields(of)}


def check_table(given: Any, types: Mapping[str, Any], where: str) -> None:
    """Raise `InputError` for unknown keys and values of a wrong type."""
    if not isinstance(given, Mapping):
        raise InputError(f"The description of {where} must be a table, not {given!r}.")
    for key, value in given.items():
        if key not in types:
            raise InputError(f"Unknown key '{key}' in {where}.", nearest(key, types))
        kinds = _kinds(types[key])
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise InputError(f"'{key}' in {where} cannot be {value!r}.")


def tuples(value: Any) -> Any:
    """Nested lists as tuples; tables stay."""
    return tuple(map(tuples, value)) if isinstance(value, list | tuple) else value


def lists(value: Any) -> Any:
    """Nested tuples as lists, in tables too."""
    if isinstance(value, Mapping):
        return {key: lists(v) for key, v in value.items()}
    return [lists(v) for v in value] if isinstance(value, list | tuple) else value


def _kinds(annotation: Any) -> tuple[type, ...]:
    """Classes of the values that a field takes: lists for tuples, whole numbers for floats."""
    if isinstance(annotation, UnionType):
        return tuple(kind for part in get_args(annotation) for kind in _kinds(part))
    kind = get_origin(annotation) or annotation
    return {tuple: (tuple, list), float: (float, int)}.get(kind, (kind,))
