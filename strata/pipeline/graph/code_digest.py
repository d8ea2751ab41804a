"""The project code that a stage reaches, and a digest of each piece, without importing anything.

A stage's key must change when the code behind it does, and only then. So the names in its source
are followed: through functions, classes and constants of the project's packages, through imports
(those inside functions too), and through strings that are dotted names of project code. `symbols`
says what counts of a definition; modules that say AFFECTS_RESULTS = False (texts of errors, locks,
downloads, keys) do not count at all.

Limits, on purpose: a method counts with its whole class; other packages' versions are recorded with
each artifact, not part of its key.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from strata.errors import StrataError
from strata.files import write_atomic
from strata.pipeline.graph.symbols import Module, read_module
from strata.pipeline.store.hashing import content_key

AFFECTS_RESULTS = False  # makes keys, and nothing else

PACKAGE = "strata"
_ROOT = Path(__file__).resolve().parents[2]
#: Increase when parsed files mean something else.
_FORMAT = 2


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
        try:
            found = json.loads(path.read_bytes())
            self.known = found["modules"] if found["format"] == _FORMAT else {}
        except (OSError, ValueError, KeyError, TypeError):
            self.known = {}

    def save(self) -> None:
        if self.path and self.changed:
            with suppress(OSError):  # a store that cannot be written: parse again next time
                write_atomic(self.path, json.dumps({"format": _FORMAT, "modules": self.known}))
            self.changed = False

    def module(self, name: str, path: Path) -> Module:
        status = path.stat()
        stamp = [str(path), status.st_size, status.st_mtime_ns, status.st_ctime_ns]
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


def forget() -> None:
    """Forget where modules lie and what they hold; the next question reads files again."""
    for cached in (_find, _split, _module, code_digests, code_key):
        cached.cache_clear()


def _read(name: str, path: Path) -> Module:
    return read_module(
        name,
        path.read_bytes(),
        package=name if path.name == "__init__.py" else name.rpartition(".")[0],
        split=_split,
        counts=lambda module: module == name or _module(module).affects_results,
    )


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
    for symbol, digest in reached.items():
        module, name = _resolved(symbol)
        path = _find(module)
        touched = path and name and path.stat().st_mtime_ns != files[str(path)]
        if path and touched and _read(module, path).digests.get(name) != digest:
            return symbol
    return None


@cache
def code_key(module: str, name: str) -> str:
    """Key of the code that `module.name` reaches: digests and links, wherever the files lie.

    Each definition counts by its last name, its digest and those of what it uses, so that two
    definitions that change places are noticed, and files that do are not.
    """
    reached = code_digests(module, name)
    links = []
    for full in reached:
        place, symbol = _resolved(full)
        if symbol:
            used = {_followed(dotted) for dotted in _module(place).references[symbol]} - {None}
            shorts = sorted(_short(target, reached) for target in used if target in reached)
            links.append([*_short(full, reached), shorts])
    return content_key("code", sorted(links))


def _short(full: str, reached: Mapping[str, str]) -> list[str]:
    return [_resolved(full)[1], reached[full]]


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
        source = _module(place)
        if symbol:
            reached[full] = source.digests[symbol]
            waiting += [(used, full) for used in source.references[symbol]]
        else:  # the module itself is passed around: all that it defines may be used
            reached[full] = ""
            waiting += [(f"{place}.{defined}", full) for defined in source.digests]
    return dict(sorted(reached.items()))


def _followed(dotted: str, origin: str = "") -> str | None:
    """The definition that a dotted name ends at, through imports; None for what does not count."""
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
