"""Reading of results.json with validation: the one loader of files that others may have written."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from strata.errors import InputError
from strata.reports.exports.results_json import SCHEMA

_WANTED = "Name a results.json, or the folder that a report was written to."
#: Bound of the numbers of repeats and folds.
MOST = 2**31
#: Nesting of parameters, at most.
DEPTH = 30


def read_results(path: Path) -> dict[str, Any]:
    """Content of a results.json, or of the one in a folder.

    Everything that a comparison of two runs uses is checked: fields, types, ranges, lengths.

    Raises:
        InputError: there is no such file, or it is not a results file of this schema; names the
            file and the field.
    """
    if path.is_dir():
        path = path / "results.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.", _WANTED) from error
    except (ValueError, RecursionError) as error:
        reason = "its brackets are nested too deep" if isinstance(error, RecursionError) else error
        raise InputError(f"{path} is not JSON: {reason}.", _WANTED) from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise InputError(
            f"{path} has the schema {str(schema)[:60]!r}, not {SCHEMA!r}.",
            "Write its report again with this version.",
        )
    try:
        _check(document)
    except _Wrong as wrong:
        raise InputError(f"{path}: {wrong}.", "Write its report again.") from None
    return document


class _Wrong(Exception):
    """A field is missing or is not what it should be."""


Test = Callable[[Any], bool]


def _integer(low: int, high: int) -> Test:
    """Test for integers from `low` to below `high`; JSON's true and false are none."""
    return lambda v: isinstance(v, int) and not isinstance(v, bool) and low <= v < high


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _get(table: dict[str, Any], key: str, where: str, kind: str, test: Test) -> Any:
    """A field that is there and passes its test."""
    name = f"{where}.{key}" if where else key
    if key not in table:
        raise _Wrong(f"{name} is missing")
    if not test(table[key]):
        raise _Wrong(f"{name} is not {kind}")
    return table[key]


def _table(table: dict[str, Any], key: str, where: str = "") -> dict[str, Any]:
    return _get(table, key, where, "an object", lambda v: isinstance(v, dict))


def _list(table: dict[str, Any], key: str, where: str, kind: str, test: Test) -> list[Any]:
    """A list of values that all pass a test."""
    return _get(
        table,
        key,
        where,
        f"a list of {kind}",
        lambda v: isinstance(v, list) and all(map(test, v)),
    )


def _is_shallow(value: Any) -> bool:
    """True if a value is nested no deeper than `DEPTH` levels."""
    level = [value]
    for _ in range(DEPTH):
        tables = [list(v.values()) if isinstance(v, dict) else v for v in level]
        level = [part for table in tables if isinstance(table, list) for part in table]
    return not level


def _check(document: dict[str, Any]) -> None:
    """Check every field that a comparison uses."""
    data, run = _table(document, "data"), _table(document, "run")
    classes = _list(data, "classes", "data", "different names", _text)
    if not classes or len(set(classes)) < len(classes):
        raise _Wrong("data.classes is not a list of different names")
    _get(data, "digest", "data", "a text", _text)
    for key in ("seed", "folds", "repeats"):
        _get(run, key, "run", "an integer", _integer(0, 2**63))
    if "settings" in run:
        _list(run, "settings", "run", "texts", _text)
    if not all(map(_text, _table(run, "versions", "run").values())):
        raise _Wrong("run.versions is not an object of texts")
    images = _list(document, "images", "", "texts", _text)
    if len(set(images)) < len(images):
        raise _Wrong("images names an image twice")
    kind = f"class numbers below {len(classes)}"
    labels = _list(document, "labels", "", kind, _integer(0, len(classes)))
    if len(labels) != len(images):
        raise _Wrong("labels and images differ in length")
    methods = _list(document, "methods", "", "objects", lambda v: isinstance(v, dict))
    names = [_get(m, "name", f"methods[{i}]", "a text", _text) for i, m in enumerate(methods)]
    if len(set(names)) < len(names):
        raise _Wrong("methods has two of one name")
    for number, method in enumerate(methods):
        where = f"methods[{number}]"
        if not _is_shallow(_table(method, "parameters", where)):
            raise _Wrong(f"{where}.parameters is nested deeper than {DEPTH} levels")
        _get(method, "error", where, "a text or null", lambda v: v is None or _text(v))
        for split in ("cv", "test"):
            kind = "an object or null"
            scores = _get(method, split, where, kind, lambda v: v is None or isinstance(v, dict))
            if scores is not None:
                _check_predictions(scores, f"{where}.{split}", len(images), len(classes))


def _check_predictions(scores: dict[str, Any], where: str, images: int, classes: int) -> None:
    """Check the columns of a method's predictions."""
    predictions = _table(scores, "predictions", where)
    where = f"{where}.predictions"
    columns = [
        _list(predictions, key, where, f"numbers below {below}", _integer(0, below))
        for key, below in (("image", images), ("class", classes), ("repeat", MOST), ("fold", MOST))
    ]
    if len({len(column) for column in columns}) > 1 or not columns[0]:
        raise _Wrong(f"{where} has columns that are empty or differ in length")
    if len(set(zip(columns[0], columns[2], strict=True))) < len(columns[0]):
        raise _Wrong(f"{where} has an image twice in one repeat")
