"""Experiment files: TOML parsed and checked against the known keys."""

import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strata.errors import InputError, nearest
from strata.pipeline.data.layout import printable
from strata.pipeline.experiment.methods import Method, variants
from strata.pipeline.experiment.overrides import override
from strata.pipeline.parameters.validation import Parameters

DEFAULT_FILE = "strata.toml"
#: Valid method names: usable in file names, targets ("bovw[n_words=64]") and key paths
#: ("bovw.codebook.n_words").
_NAME = re.compile(r"\w+(?:[ +-]?\w+)*")


def data(
    *,
    source: str = "scenes",
    split: str | None = None,
    sha256: str | None = None,
    allow_missing: bool = False,
    skip_broken: bool = False,
    near_duplicates: bool = True,
    per_class: int = 80,
    size: int = 128,
) -> None:
    """Keys of the table [data], documented in docs/experiment-file.md."""


def protocol(
    *,
    folds: int = 8,
    repeats: int = 1,
    new_folds: bool = True,
    seed: int = 0,
    test: float = 0.3,
    train_per_class: int | None = None,
) -> None:
    """Keys of the table [protocol], documented in docs/experiment-file.md."""


def top_level(*, name: str = "", title: str = "", recipes: str | None = None) -> None:
    """Keys above the first table."""


@dataclass(frozen=True)
class Experiment:
    """A checked experiment file.

    Attributes:
        path: the file.
        text: its content, followed by the settings of the command line as comments.
        name: name of the report's folder.
        title: heading of the report.
        recipes: file of the user's own recipes, if any.
        data: the [data] table, defaults filled in.
        protocol: the [protocol] table, defaults filled in.
        methods: the methods, variants of `vary` expanded.
    """

    path: Path
    text: str
    name: str
    title: str
    recipes: Path | None
    data: dict[str, Any]
    protocol: dict[str, Any]
    methods: tuple[Method, ...]

    @property
    def folder(self) -> Path:
        """Folder of the file; relative paths in the file start here."""
        return self.path.parent


def read_experiment(path: Path, settings: list[str] | None = None) -> Experiment:
    """Read and check an experiment file.

    Args:
        path: the TOML file.
        settings: "KEY=VALUE" from the command line: data.*, protocol.* or METHOD.*.

    Raises:
        InputError: the file is missing or not TOML, or a key or value is wrong; names the key
            and, for unknown keys, the nearest known one. (Methods' parameters are checked later, by
            `resolve`, against the recipes' signatures.)
    """
    path = path.absolute()
    text = _text(path)
    tables = _tables(path, text)
    for setting in settings or []:
        override(tables, setting)
        text += f"\n# --set {printable(setting)}"
    _check_top(tables, path.name)
    methods = tables.pop("methods", {})
    sections = {name: _table(tables, name) for name in ("data", "protocol")}
    top = _checked(top_level, tables, path.name)
    if not isinstance(methods, dict) or not methods:
        raise InputError(
            f"{path.name} names no methods.", "Add a table, for example [methods.fisher]."
        )
    checked = {
        "data": _checked(data, sections["data"], "data"),
        "protocol": _checked(protocol, sections["protocol"], "protocol"),
    }
    _check_ranges(checked["protocol"])
    found = [v for name, table in methods.items() for v in variants(name, table)]
    _check_names(top["name"], found)
    return Experiment(
        path=path,
        text=text,
        name=top["name"] or _utf8(path.parent.name if path.name == DEFAULT_FILE else path.stem),
        title=top["title"],
        recipes=path.parent / top["recipes"] if top["recipes"] else None,
        methods=tuple(found),
        **checked,
    )


def _utf8(name: str) -> str:
    """A file name with a replacement character for each byte that is not UTF-8."""
    return os.fsencode(name).decode(errors="replace")


def _check_names(name: str, methods: list[Method]) -> None:
    """Refuse names that cannot be part of paths or commands, and two methods of one name."""
    if any(mark in name for mark in "/\\") or name in (".", "..") or not name.isprintable():
        raise InputError(
            f"name = {name!r}: the report's folder cannot be called this.",
            "Choose a name without / and \\.",
        )
    known: set[str] = set()
    for method in methods:
        in_file = method.variant_of or method.name
        if not _NAME.fullmatch(in_file):
            raise InputError(
                f"[methods.{in_file!r}]: a method's name becomes part of file names and commands.",
                "Use letters, digits and _, with -, + or a space between them.",
            )
        if method.name in known:
            raise InputError(
                f"There are two methods called '{method.name}'.", "`vary` may list each value once."
            )
        known.add(method.name)


def read_recipes_key(path: Path) -> Path | None:
    """Path of the recipes file that an experiment file names; nothing else in it is checked."""
    recipes = _tables(path, _text(path)).get("recipes")
    return path.absolute().parent / recipes if isinstance(recipes, str) else None


def _tables(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path.name} is not valid TOML: {error}.") from None


def _check_top(tables: dict[str, Any], where: str) -> None:
    known = ("data", "protocol", "methods", *Parameters.of(top_level).defaults)
    for key in tables:
        if key not in known:
            raise InputError(f"{where}: there is no key '{key}'.", nearest(key, known))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        pass
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} cannot be read: {error}.", "It must be in UTF-8.") from None
    others = sorted(p.name for p in path.parent.glob("*.toml")) if path.parent.is_dir() else []
    hint = "`strata init IMAGES` writes one; -f FILE names another."
    if others and path.name != DEFAULT_FILE:
        hint = nearest(path.name, others)
    raise InputError(f"There is no experiment file {path}.", hint)


def _table(tables: dict[str, Any], name: str) -> dict[str, Any]:
    table = tables.pop(name, {})
    if not isinstance(table, dict):
        raise InputError(f"'{name}' must be a table: [{name}].")
    return table


def _checked(signature: Any, table: dict[str, Any], where: str) -> dict[str, Any]:
    return Parameters.of(signature).checked(table, where)


def _check_ranges(protocol: dict[str, Any]) -> None:
    if protocol["folds"] < 2:
        raise InputError(f"protocol.folds = {protocol['folds']}: it should be 2 or more.")
    if protocol["repeats"] < 1:
        raise InputError(f"protocol.repeats = {protocol['repeats']}: it should be 1 or more.")
    if not 0 <= protocol["seed"] < 2**63:
        raise InputError(f"protocol.seed = {protocol['seed']}: it should be from 0 to 2**63 - 1.")
    if not 0 <= protocol["test"] < 1:
        raise InputError(f"protocol.test = {protocol['test']}: it should be 0 or more and below 1.")
    few = protocol["train_per_class"]
    if few is not None and few < 1:
        raise InputError(f"protocol.train_per_class = {few}: it should be 1 or more.")
