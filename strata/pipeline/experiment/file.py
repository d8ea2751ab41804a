"""Experiment files: TOML parsed and checked against the known keys."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from strata.errors import InputError, naming, nearest, short
from strata.pipeline.experiment.fit_count import check_fit_count
from strata.pipeline.experiment.methods import Method, variants
from strata.pipeline.experiment.overrides import override
from strata.pipeline.experiment.toml_text import TOMLError, as_toml, parse
from strata.pipeline.parameters.validation import Parameters
from strata.text import one_line

DEFAULT_FILE = "strata.toml"
#: Bytes of an experiment's name: file systems take 255, and files beside the report's folder add
#: to it.
MAX_NAME = 200
#: Valid method names: usable in file names, targets ("bovw[n_words=64]") and key paths
#: ("bovw.codebook.n_words").
_NAME = re.compile(r"\w+(?:[ +-]?\w+)*")


def data(
    *,
    source: str = "scenes",
    split: str | None = None,
    sha256: str | None = None,
    max_unpacked_gb: float | None = None,
    max_unpacked_files: int | None = None,
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
    max_fits: int = 100_000,
) -> None:
    """Keys of the table [protocol], documented in docs/experiment-file.md."""


def report(*, intervals: Literal["t", "bootstrap"] = "t") -> None:
    """Keys of the table [report], documented in docs/experiment-file.md."""


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
        settings: "KEY=VALUE" of the command line, in the order given.
        report: the [report] table, defaults filled in.
    """

    path: Path
    text: str
    name: str
    title: str
    recipes: Path | None
    data: dict[str, Any]
    protocol: dict[str, Any]
    methods: tuple[Method, ...]
    settings: tuple[str, ...] = ()
    report: dict[str, Any] = field(default_factory=lambda: Parameters.of(report).checked({}))

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
        text += f"\n# --set {one_line(setting)}"
    with naming(path.name):
        return _experiment(path, text, tables, tuple(settings or ()))


def experiment_of(path: Path, tables: Mapping[str, Any]) -> Experiment:
    """Check an experiment given as tables in place of a file.

    Args:
        path: stands for the file: relative paths start at its folder, errors have its name.
        tables: as TOML has them.

    Raises:
        InputError: as `read_experiment`.
    """
    with naming(path.name):
        try:
            text = as_toml(tables)
            given = parse(text)
        except TOMLError as error:
            raise InputError(f"It cannot be written as an experiment file: {error}.") from None
        return _experiment(path.absolute(), text, given, ())


def _experiment(
    path: Path, text: str, tables: dict[str, Any], settings: tuple[str, ...]
) -> Experiment:
    """Experiment of a file's tables; errors do not name the file."""
    _check_top(tables)
    methods = tables.pop("methods", {})
    sections = {name: _table(tables, name) for name in ("data", "protocol", "report")}
    top = Parameters.of(top_level).checked(tables)
    if not isinstance(methods, dict) or not methods:
        raise InputError("It names no methods.", "Add a table, for example [methods.fisher].")
    checked = {
        "data": Parameters.of(data).checked(sections["data"], "data"),
        "protocol": Parameters.of(protocol).checked(sections["protocol"], "protocol"),
        "report": Parameters.of(report).checked(sections["report"], "report"),
    }
    _check_ranges(checked["protocol"])
    check_fit_count(methods, checked["protocol"])
    found = [v for name, table in methods.items() for v in variants(name, table)]
    _check_names(top["name"], found)
    return Experiment(
        path=path,
        text=text,
        name=top["name"] or (path.parent.name if path.name == DEFAULT_FILE else path.stem),
        title=top["title"],
        recipes=path.parent / top["recipes"] if top["recipes"] else None,
        methods=tuple(found),
        settings=settings,
        **checked,
    )


def _check_names(name: str, methods: list[Method]) -> None:
    """Refuse names that cannot be part of paths or commands, and two methods of one name."""
    if any(mark in name for mark in "/\\") or name in (".", "..") or not name.isprintable():
        raise InputError(
            f"name = {short(name)}: the report's folder cannot be called this.",
            "Choose a name without /, \\ and characters that are not printed.",
        )
    if len(name.encode()) > MAX_NAME:
        raise InputError(
            f"name = {short(name)}: the report's folder cannot be called this.",
            f"Choose a name of at most {MAX_NAME} bytes.",
        )
    known: set[str] = set()
    for method in methods:
        in_file = method.variant_of or method.name
        if not _NAME.fullmatch(in_file):
            raise InputError(
                f"[methods.{short(in_file)}]: method names are part of file names.",
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
        return parse(text)
    except TOMLError as error:
        raise InputError(f"{path.name} is not valid TOML: {error}.") from None


def _check_top(tables: dict[str, Any]) -> None:
    known = ("data", "protocol", "report", "methods", *Parameters.of(top_level).defaults)
    for key in tables:
        if key not in known:
            raise InputError(f"There is no key '{key}'.", nearest(key, known))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
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


def _check_ranges(protocol: dict[str, Any]) -> None:
    if protocol["folds"] < 2:
        raise InputError(f"protocol.folds = {protocol['folds']}: it should be 2 or more.")
    if protocol["repeats"] < 1:
        raise InputError(f"protocol.repeats = {protocol['repeats']}: it should be 1 or more.")
    if protocol["max_fits"] < 1:
        raise InputError(f"protocol.max_fits = {protocol['max_fits']}: it should be 1 or more.")
    if not 0 <= protocol["seed"] < 2**63:
        raise InputError(f"protocol.seed = {protocol['seed']}: it should be from 0 to 2**63 - 1.")
    if not 0 <= protocol["test"] < 1:
        raise InputError(f"protocol.test = {protocol['test']}: it should be 0 or more and below 1.")
    few = protocol["train_per_class"]
    if few is not None and few < 1:
        raise InputError(f"protocol.train_per_class = {few}: it should be 1 or more.")
