"""Which project code a stage runs, and a digest of each piece, without importing anything.

A stage's key must change when the code behind it does, and only then. So we follow the names in
its source: through functions, classes and constants of the project's packages, and through the
imports (also those inside functions) that lead to them. What counts of a definition is its
syntax tree, so comments, docstrings and layout do not.

Limits, on purpose: a method is counted with its whole class; code that is chosen by a string at
run time is seen only if the table it is chosen from is a named constant; other packages' versions
are recorded with each artifact, not part of its key.
"""

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from strata.errors import StrataError
from strata.files import write_whole

PACKAGE = "strata"
_ROOT = Path(__file__).resolve().parents[2]
#: The frame around stages, the texts of errors, and how a file that is checked arrives cannot
#: change a stage's result.
_FRAME = (
    "strata._threads",
    "strata.digest",
    "strata.download",
    "strata.errors",
    "strata.locks",
    "strata.pipeline.store.hashing",
    "strata.process_pool",
    "strata.pipeline.store.task_progress",
    "strata.pipeline.graph.stage",
)


class UnresolvedNameError(StrataError):
    """A stage's code refers to a project name that is not defined where it says."""


@dataclass(frozen=True)
class Module:
    """What matters of one source file.

    Attributes:
        digests: top-level name -> digest of the syntax that defines it.
        references: top-level name -> dotted project names that its definition uses.
        imports: top-level name -> dotted project name that an import binds it to.
    """

    digests: dict[str, str]
    references: dict[str, list[str]]
    imports: dict[str, str]


def parse(name: str, path: Path) -> Module:
    """Read one source file."""
    statements = list(_top_level(ast.parse(path.read_bytes(), str(path)).body))
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    imports = dict(_bindings(statements, name, package))
    definitions: dict[str, list[ast.stmt]] = {}
    for statement in statements:
        for defined in _defined(statement):
            definitions.setdefault(defined, []).append(statement)
    references = {}
    for defined, parts in definitions.items():
        inner = dict(_bindings((n for p in parts for n in ast.walk(p)), name, package))
        known = {**{d: f"{name}.{d}" for d in definitions}, **imports, **inner}
        used = {dotted for part in parts for dotted in _used(part, known)}
        references[defined] = sorted(used - {f"{name}.{defined}"})
    digests = {defined: _digest(parts) for defined, parts in definitions.items()}
    return Module(digests, references, imports)


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements of a module, those inside top-level `if` and `try` included."""
    for statement in body:
        if isinstance(statement, ast.If | ast.Try):
            for part in ("body", "orelse", "finalbody"):
                yield from _top_level(getattr(statement, part, []))
            for handler in getattr(statement, "handlers", []):
                yield from _top_level(handler.body)
        else:
            yield statement


def _defined(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]
    return []


def _bindings(nodes: Iterable[ast.AST], module: str, package: str) -> Iterator[tuple[str, str]]:
    """What project names imports bind: (name here, dotted name)."""
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.partition(".")[0]
                if alias.name.partition(".")[0] == PACKAGE:
                    yield bound, alias.name if alias.asname else bound
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")
                base = ".".join([*parts[: len(parts) - node.level + 1], *filter(None, [base])])
            if base.partition(".")[0] in (PACKAGE, module):
                for alias in node.names:
                    yield alias.asname or alias.name, f"{base}.{alias.name}"


def _used(node: ast.AST, known: dict[str, str]) -> Iterator[str]:
    """Dotted names for the names and attribute chains below a node that lead to project code."""
    if isinstance(node, ast.Attribute):
        chain = _chain(node)
        if chain and chain[0] in known:
            yield ".".join([known[chain[0]], *chain[1:]])
            return
    if isinstance(node, ast.Name) and node.id in known:
        yield known[node.id]
    for child in ast.iter_child_nodes(node):
        yield from _used(child, known)


def _chain(node: ast.Attribute) -> list[str]:
    names = [node.attr]
    value = node.value
    while isinstance(value, ast.Attribute):
        names.append(value.attr)
        value = value.value
    return [value.id, *reversed(names)] if isinstance(value, ast.Name) else []


def _digest(statements: list[ast.stmt]) -> str:
    """Of the syntax of a definition, docstrings left out."""
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                first = node.body[0]
                if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                    node.body = node.body[1:] or [ast.Pass()]
    text = "\n".join(map(ast.unparse, statements))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class _Parsed:
    """Parsed files, kept between runs: parsing all takes longer than a make that does nothing."""

    def __init__(self) -> None:
        self.path: Path | None = None
        self.known: dict[str, list] = {}
        self.changed = False

    def load(self, path: Path) -> None:
        self.path, self.changed = path, False
        try:
            self.known = json.loads(path.read_bytes())
        except (OSError, ValueError):
            self.known = {}

    def save(self) -> None:
        if self.path and self.changed:
            with suppress(OSError):  # a store that cannot be written: parse again next time
                write_whole(self.path, json.dumps(self.known))
            self.changed = False

    def module(self, name: str, path: Path) -> Module:
        status = path.stat()
        stamp = [str(path), status.st_size, status.st_mtime_ns, status.st_ctime_ns]
        if self.known.get(name, [None])[0] != stamp:
            parsed = parse(name, path)
            self.known[name] = [stamp, parsed.digests, parsed.references, parsed.imports]
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
    for cached in (_find, _module, code_digests):
        cached.cache_clear()


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


def _resolved(dotted: str) -> tuple[str, str]:
    """The module that a dotted name leads into, and the name in it ("" for the module itself)."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        module = ".".join(parts[:length])
        if _find(module):
            return module, parts[length] if length < len(parts) else ""
    raise UnresolvedNameError(f"{dotted} has no source file.")


def source_files(reached: Iterable[str]) -> dict[str, int]:
    """The files that hold these symbols, with the times they were last changed."""
    modules = {_resolved(symbol)[0] for symbol in reached}
    paths = [path for path in map(_find, sorted(modules)) if path]
    return {str(path): path.stat().st_mtime_ns for path in paths}


def edited(reached: dict[str, str], files: dict[str, int]) -> str | None:
    """The first of some symbols whose code is no longer what it was, if there is one.

    Args:
        reached: symbols with their digests, as `code_digests` gave them.
        files: as `source_files` gave them at that time; only files touched since are read.
    """
    for symbol, digest in reached.items():
        module, name = _resolved(symbol)
        path = _find(module)
        touched = path and name and path.stat().st_mtime_ns != files[str(path)]
        if path and touched and parse(module, path).digests.get(name) != digest:
            return symbol
    return None


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
        place, symbol = _resolved(dotted)
        full = f"{place}.{symbol}" if symbol else place
        if full in reached or place in _FRAME:
            continue
        source = _module(place)
        if symbol in source.digests:
            reached[full] = source.digests[symbol]
            waiting += [(used, full) for used in source.references[symbol]]
        elif symbol in source.imports:
            waiting.append((source.imports[symbol], full))
        elif not symbol:
            # The module itself is passed around: all that it defines may be used.
            reached[full] = ""
            waiting += [(f"{place}.{defined}", full) for defined in source.digests]
        elif not symbol.startswith("__"):
            raise UnresolvedNameError(
                f"{origin} uses {full}, which {place} does not define.",
                "Import it from the module that defines it.",
            )
    return dict(sorted(reached.items()))
