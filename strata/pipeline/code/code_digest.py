"""The project code that a stage reaches, and a digest of each piece, without importing anything.

A stage's key must change when the code behind it does, and only then. So the names in its source
are followed: through functions, classes and constants of the project's packages, through imports
(those inside functions too), and through strings that are dotted names of project code. `symbols`
says what counts of a definition; modules that say AFFECTS_RESULTS = False (texts of errors, locks,
downloads, keys) do not count at all.

Limits, on purpose: a method counts with its whole class; other packages' versions are recorded with
each artifact, not part of its key.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from strata.errors import StrataError
from strata.pipeline.code.symbols import MAYBE, Module, read_module
from strata.pipeline.store.checked_json import read_checked, write_checked
from strata.pipeline.store.hashing import content_key

AFFECTS_RESULTS = False  # makes keys, and nothing else

PACKAGE = "strata"
_ROOT = Path(__file__).resolve().parents[2]
#: Increase when parsed files mean something else.
_FORMAT = 3


class UnresolvedNameError(StrataError):
    """A stage's code refers to a project name that is not defined where it says."""


class _Parsed:
    """Parsed files, kept between runs: parsing all takes longer than a make that does nothing."""

    def __init__(self) -> None:
        self.path: Path | None = None
        self.known: dict[str, list] = {}
        self.changed = False

    def load(self, path: Path) -> None:
        self.path, self.changed = path, False
        found = read_checked(path)
        ours = isinstance(found, dict) and found.get("format") == _FORMAT
        self.known = found["modules"] if ours else {}

    def save(self) -> None:
        if self.path and self.changed:
            with suppress(OSError):  # a store that cannot be written: parse again next time
                write_checked(self.path, {"format": _FORMAT, "modules": self.known})
            self.changed = False

    def module(self, name: str, path: Path) -> Module:
        stamp: list[Any] = [str(path)]
        for file in (path, path.with_suffix(".pyi")):
            if file.exists():
                status = file.stat()
                stamp += [status.st_size, status.st_mtime_ns, status.st_ctime_ns]
        if self.known.get(name, [None])[0] != stamp:
            m = _read(name, path)
            self.known[name] = [stamp, m.digests, m.references, m.imports, m.affects_results]
            self.changed = True
        return Module(*self.known[name][1:])


_parsed = _Parsed()
_extra: dict[str, Path] = {}


def keep_parsed(path: Path) -> None:
    """Keep what is parsed in a file between runs; `save_parsed` writes it."""
    _parsed.load(path)


def save_parsed() -> None:
    """Write what was parsed, if there is something new and the file can be written."""
    _parsed.save()


def register(module: str, path: Path) -> None:
    """Count a user's own file of recipes as project code, under the given module name."""
    _extra[module] = path
    forget()


def user_file(module: str) -> Path | None:
    """A user's own file by its module name or its stem, None where no such file is registered."""
    by_stem = {path.stem: path for path in _extra.values()}
    return _extra.get(module) or by_stem.get(module)


def forget() -> None:
    """Forget where modules lie and what they hold; the next question reads files again."""
    for cached in (_find, _split, _module, code_digests, code_key):
        cached.cache_clear()


def _read(name: str, path: Path) -> Module:
    """Definitions of a file; names that a stub beside it exports lazily count as its imports."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]

    def read(file: Path) -> Module:
        return read_module(
            name,
            file.read_bytes(),
            package=package,
            split=_split,
            counts=lambda module: module == name or _module(module).affects_results,
        )

    found, stub = read(path), path.with_suffix(".pyi")
    if stub.is_file():
        found = replace(found, imports={**read(stub).imports, **found.imports})
    return found


@cache
def _find(module: str) -> Path | None:
    if module in _extra:
        return _extra[module]
    if module.partition(".")[0] != PACKAGE:
        return None
    base = _ROOT.joinpath(*module.split(".")[1:])
    for path in (base / "__init__.py", base.with_suffix(".py")):
        if path.is_file():
            return path
    return None


@cache
def _module(name: str) -> Module:
    path = _find(name)
    assert path
    return _parsed.module(name, path)


@cache
def _split(dotted: str) -> tuple[str, str] | None:
    """The project module that a dotted name leads into, and the rest of the name."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        module = ".".join(parts[:length])
        if _find(module):
            return module, ".".join(parts[length:])
    return None


def _resolved(dotted: str) -> tuple[str, str]:
    """The module that a dotted name leads into, and the symbol in it ("" for the module itself)."""
    split = _split(dotted)
    if split is None:
        raise UnresolvedNameError(f"{dotted} has no source file.")
    return split[0], split[1].partition(".")[0]


def source_files(reached: Iterable[str]) -> dict[str, int]:
    """The files that hold these symbols, with the times they were last changed."""
    modules = {_resolved(symbol)[0] for symbol in reached}
    paths = [path for path in map(_find, sorted(modules)) if path]
    return {str(path): path.stat().st_mtime_ns for path in paths}


def edited(reached: Mapping[str, str], files: Mapping[str, int]) -> str | None:
    """The first of some symbols whose code is no longer what it was, if there is one.

    Args:
        reached: symbols with their digests, as `code_digests` gave them.
        files: as `source_files` gave them at that time; only files touched since are read.
    """
    read: dict[str, Module] = {}
    for symbol, digest in reached.items():
        module, name = _resolved(symbol)
        path = _find(module)
        if path and name and path.stat().st_mtime_ns != files[str(path)]:
            read.setdefault(module, _read(module, path))
            if name not in read[module].digests or _recorded(read[module], name) != digest:
                return symbol
    return None


def _recorded(module: Module, name: str) -> str:
    """Digest of a definition, and of the names of what it uses."""
    return f"{module.digests[name]}-{content_key(module.references[name])[:8]}"


@cache
def code_key(module: str, name: str) -> str:
    """Key of the code that `module.name` reaches, wherever the files lie.

    The definitions are numbered as they are met, breadth first, each with its last name, its digest
    and the numbers of what it uses, in order: equal keys mean the same program.
    """
    root = f"{module}.{name}"
    numbers, waiting, graph = {root: 0}, [root], []
    for full in waiting:  # grows
        targets: list[int | str] = []
        for dotted in _uses(full):
            used = _followed(dotted, full)
            if used is None:
                targets.append(dotted.rpartition(".")[2])
                continue
            if used not in numbers:
                numbers[used] = len(waiting)
                waiting.append(used)
            targets.append(numbers[used])
        place, symbol = _resolved(full)
        graph.append([symbol, _module(place).digests.get(symbol, ""), targets])
    return content_key("code", graph)


def _uses(full: str) -> list[str]:
    """References of a definition; of a module that is passed around, all that it defines."""
    place, symbol = _resolved(full)
    source = _module(place)
    return source.references[symbol] if symbol else [f"{place}.{d}" for d in sorted(source.digests)]


@cache
def code_digests(module: str, name: str) -> dict[str, str]:
    """Every project symbol that `module.name` reaches, itself included, with its digest.

    Raises:
        UnresolvedNameError: a name is imported from a project module that does not define it.
    """
    reached: dict[str, str] = {}
    waiting = [(f"{module}.{name}", "")]
    while waiting:
        dotted, origin = waiting.pop()
        full = _followed(dotted, origin)
        if full is None or full in reached:
            continue
        place, symbol = _resolved(full)
        reached[full] = _recorded(_module(place), symbol) if symbol else ""
        waiting += [(used, full) for used in _uses(full)]
    return dict(sorted(reached.items()))


def _followed(dotted: str, origin: str = "") -> str | None:
    """The definition that a dotted name ends at, through imports; None for what does not count."""
    if dotted.startswith(MAYBE):
        return _followed(dotted[1:]) if _leads_somewhere(dotted[1:]) else None
    place, symbol = _resolved(dotted)
    source = _module(place)
    if not source.affects_results:
        return None
    if not symbol:
        return place
    if symbol in source.digests:
        return f"{place}.{symbol}"
    if symbol in source.imports:
        return _followed(source.imports[symbol], f"{place}.{symbol}")
    if symbol.startswith("__"):
        return None
    raise UnresolvedNameError(
        f"{origin} uses {place}.{symbol}, which {place} does not define.",
        "Import it from the module that defines it.",
    )


def _leads_somewhere(dotted: str) -> bool:
    place, symbol = _resolved(dotted)
    source = _module(place)
    return not symbol or symbol in source.digests or symbol in source.imports
