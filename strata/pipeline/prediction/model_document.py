"""`model.json` of a model file: read with limits, and believed in nothing."""

import json
import math
from collections.abc import Mapping
from typing import Any

from strata.errors import InputError
from strata.image_io import Range
from strata.pipeline.prediction.container import Container, refused

AFFECTS_RESULTS = False  # how files are read, not what is in them

#: Name of the entry.
DOCUMENT = "model.json"

#: Version of what stands in it; readers refuse other versions.
SCHEMA = 1

#: What stands in it.
KEYS = {"schema", "versions", "name", "classes", "value_ranges", "steps", "modules"}
KEYS |= {"artifacts", "digests", "facts"}

#: Bytes that are read: a method has some thousands, with 20,000 classes of short names a million.
_MOST_BYTES = 2**21


def read_document(container: Container) -> dict[str, Any]:
    """Content of `model.json`, of this version; all checksums are compared, no module is needed.

    Raises:
        InputError: it is damaged, as is another entry, or it is of another version.
    """
    path = container.path
    if container.sizes[DOCUMENT] > _MOST_BYTES:
        raise refused(path, f"its {DOCUMENT} has {container.sizes[DOCUMENT]} bytes")
    try:
        document = strict_json(container.read(DOCUMENT))
        schema = document["schema"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise refused(path, f"its {DOCUMENT} is none ({type(error).__name__}: {error})") from error
    if type(schema) is not int or schema != SCHEMA:
        newer = type(schema) is int and schema > SCHEMA
        raise InputError(
            f"{path} is a model file of version {schema!r:.20}{made_by(document)}, and this "
            f"program reads version {SCHEMA} (strata {program_version()}).",
            "Update strata." if newer else "Export the method again with this version.",
        )
    for name in sorted(document.keys() ^ KEYS):
        odd = "lacks" if name in KEYS else "has"
        raise refused(path, f"its {DOCUMENT} {odd} a key {name!r:.60}")
    try:
        container.verify(texts_of(document["digests"]))
    except (TypeError, AttributeError) as error:
        raise refused(path, f"its checksums are none ({error})") from error
    return dict(document)


def made_by(document: Mapping[str, Any]) -> str:
    """Version of the program that wrote a `model.json`, as " (strata 1.0)"; "" if unknown."""
    of = document.get("versions")
    return f" (strata {of['strata']!s:.20})" if isinstance(of, dict) and "strata" in of else ""


def strict_json(data: bytes) -> Any:
    """Value of a JSON text; `ValueError` where a table has a key twice."""
    return json.loads(data, object_pairs_hook=_table)


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise ValueError("a key is there twice")
    return table


def text_of(value: Any) -> str:
    """A text; `TypeError` for another value."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.60} is no text")
    return value


def texts_of(value: Mapping[Any, Any]) -> dict[str, str]:
    """A table of texts; `TypeError` for other values."""
    return {text_of(key): text_of(text) for key, text in value.items()}


def classes_of(value: Any) -> tuple[str, ...]:
    """Names of classes; `ValueError` where there are none, an empty one, or one twice."""
    if not isinstance(value, list):
        raise TypeError("its classes are no list")
    names = tuple(map(text_of, value))
    if not names or not all(names) or len(set(names)) < len(names):
        raise ValueError("its classes have no names, or one name twice")
    return names


def range_of(value: Any) -> Range:
    """Range of values; `ValueError` for what is none."""
    low, high = map(float, value)
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise ValueError(f"from {low} to {high} is no range of values")
    return low, high


def program_version() -> str:
    """Version of this program."""
    from strata import __version__

    return __version__
