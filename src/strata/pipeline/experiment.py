"""Experiment files: TOML in, a checked description of what to compare out."""

import itertools
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from strata.errors import InputError, nearest
from strata.pipeline.parameters import Parameters
from strata.pipeline.search import Search, with_values

DEFAULT_FILE = "strata.toml"
#: Of a method: fit for files' names, targets ("bovw[words=64]") and keys ("bovw.codebook.words").
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
    """The keys of the table [data]; docs/experiment-file.md says what they mean."""


def protocol(
    *,
    folds: int = 8,
    repeats: int = 1,
    seed: int = 0,
    test: float = 0.3,
    train_per_class: int | None = None,
) -> None:
    """The keys of the table [protocol]; docs/experiment-file.md says what they mean."""


def head(*, name: str = "", title: str = "", recipes: str | None = None) -> None:
    """The keys above the first table."""


@dataclass(frozen=True)
class Method:
    """One method to compare: a recipe with what is set for it.

    Attributes:
        name: as in the file; variants carry what varies, "bovw[codebook.words=128]".
        settings: parameters by name, those of sections as tables.
        variant_of: the name in the file, if this is one of several variants.
        varied: dotted parameter -> value, for variants.
        train_per_class: training images of each class to learn from; None for what the protocol
            says.
        paper: the accuracy that somebody else published, in [0, 1], to be shown beside ours.
        search: parameters to be searched for in each fold, if any.
    """

    name: str
    recipe: str
    settings: dict[str, Any]
    variant_of: str | None = None
    varied: dict[str, Any] = field(default_factory=dict)
    paper: float | None = None
    train_per_class: int | None = None
    search: Search | None = None


@dataclass(frozen=True)
class Experiment:
    """A checked experiment file.

    Attributes:
        path: the file; relative paths in it count from its folder.
        text: what stands in it, with what was set on the command line.
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
        """What relative paths count from."""
        return self.path.parent


def read_experiment(path: Path, settings: list[str] | None = None) -> Experiment:
    """Read and check an experiment file.

    Args:
        path: the TOML file.
        settings: "KEY=VALUE" from the command line: data.*, protocol.* or METHOD.*.

    Raises:
        InputError: the file is missing or not TOML, or a key or value is wrong; names the key
            and, for unknown keys, the nearest known one. (Methods' parameters are checked when
            the methods are composed, against the recipes' signatures.)
    """
    path = path.absolute()
    text = _text(path)
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path.name} is not valid TOML: {error}.") from None
    for setting in settings or []:
        _apply(tables, setting)
        text += f"\n# --set {setting}"
    methods = tables.pop("methods", {})
    for near in ("method", "metods", "Methods"):
        if near in tables and not methods:
            raise InputError(f"{path.name}: there is no table '{near}'.", "Did you mean 'methods'?")
    tables_of = {name: _table(tables, name) for name in ("data", "protocol")}
    top = _checked(head, tables, path.name)
    if not isinstance(methods, dict) or not methods:
        raise InputError(
            f"{path.name} names no methods.", "Add a table, for example [methods.fisher]."
        )
    checked = {
        "data": _checked(data, tables_of["data"], "data"),
        "protocol": _checked(protocol, tables_of["protocol"], "protocol"),
    }
    _check_ranges(checked["protocol"])
    found = [v for name, table in methods.items() for v in _variants(name, table)]
    _check_names(top["name"], found)
    return Experiment(
        path=path,
        text=text,
        name=top["name"] or (path.parent.name if path.name == DEFAULT_FILE else path.stem),
        title=top["title"],
        recipes=path.parent / top["recipes"] if top["recipes"] else None,
        methods=tuple(found),
        **checked,
    )


def _check_names(name: str, methods: list[Method]) -> None:
    """The experiment's name is a folder's; no two methods share theirs."""
    if any(mark in name for mark in "/\\") or name in (".", "..") or not name.isprintable():
        raise InputError(
            f"name = {name!r}: it names the report's folder.", "Choose one without / and \\."
        )
    known: set[str] = set()
    for method in methods:
        plain = method.variant_of or method.name
        if not _NAME.fullmatch(plain):
            raise InputError(
                f"[methods.{plain!r}]: methods' names stand in files' names and on the command "
                "line.",
                "Use letters, digits and _, with -, + or a space between them.",
            )
        if method.name in known:
            raise InputError(
                f"There are two methods '{method.name}'.", "A value may stand once in `vary`."
            )
        known.add(method.name)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        pass
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}.") from None
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
        raise InputError(f"protocol.folds = {protocol['folds']}: at least 2 are needed.")
    if protocol["repeats"] < 1:
        raise InputError(f"protocol.repeats = {protocol['repeats']}: at least 1 is needed.")
    if not 0 <= protocol["seed"] < 2**63:
        raise InputError(f"protocol.seed = {protocol['seed']}: a number from 0 to 2**63 - 1.")
    if not 0 <= protocol["test"] < 1:
        raise InputError(f"protocol.test = {protocol['test']}: a share from 0 to below 1.")


def _apply(tables: dict[str, Any], setting: str) -> None:
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


def _variants(name: str, table: Any) -> list[Method]:
    """A method, or one for each combination of what its `vary` lists."""
    if not isinstance(table, dict):
        raise InputError(f"methods.{name} must be a table: [methods.{name}].")
    settings = dict(table)
    recipe = settings.pop("recipe", name)
    vary = settings.pop("vary", None)
    paper = settings.pop("paper", None)
    search = settings.pop("search", None)
    if vary is None:
        (accuracy,) = _published(name, [paper], 1)
        few = _few(name, settings)
        found = _search(name, search, settings)
        return [Method(name, recipe, settings, None, {}, accuracy, few, found)]
    if not isinstance(vary, dict) or not all(isinstance(v, list) and v for v in vary.values()):
        raise InputError(
            f"methods.{name}.vary must list values for parameters.",
            f'For example: vary = {{ "codebook.words" = [128, 256] }} in [methods.{name}].',
        )
    combinations = list(itertools.product(*vary.values()))
    published = _published(name, paper or [None] * len(combinations), len(combinations))
    variants = []
    for values, accuracy in zip(combinations, published, strict=True):
        varied = dict(zip(vary, values, strict=True))
        text = ",".join(f"{key.rpartition('.')[2]}={_short(v)}" for key, v in varied.items())
        changed = with_values(settings, varied)
        few = _few(name, changed)
        found = _search(name, search, changed)
        variants.append(
            Method(f"{name}[{text}]", recipe, changed, name, varied, accuracy, few, found)
        )
    return variants


def _search(name: str, table: Any, settings: dict[str, Any]) -> Search | None:
    return None if table is None else Search.of(table, settings, f"methods.{name}.search")


def _few(name: str, settings: dict[str, Any]) -> int | None:
    """Take the number of training images out of a method's settings."""
    few = settings.pop("train_per_class", None)
    if few is not None and (not isinstance(few, int) or isinstance(few, bool) or few < 1):
        raise InputError(f"methods.{name}.train_per_class = {few!r}: a number of images from 1 on.")
    return few


def _published(name: str, given: Any, count: int) -> list[float | None]:
    """One accuracy a variant."""
    good = isinstance(given, list) and len(given) == count
    if not good or not all(g is None or (isinstance(g, float) and 0 <= g <= 1) for g in given):
        raise InputError(
            f"methods.{name}.paper = {given!r}: published accuracies from 0.0 to 1.0.",
            "One number; for a method with `vary`, a list with one for each variant, in order.",
        )
    return given


def _short(value: Any) -> str:
    if isinstance(value, list):
        return "-".join(map(_short, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
