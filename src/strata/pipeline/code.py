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
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from strata.errors import StrataError

PACKAGE = "strata"
_ROOT = Path(__file__).resolve().parents[1]
#: The frame around stages and the texts of errors cannot change a stage's result.
_FRAME = (
    "strata._threads",
    "strata.errors",
    "strata.pipeline.hashing",
    "strata.pipeline.parallel",
    "strata.pipeline.running",
    "strata.pipeline.stage",
)


class UnresolvedNameError(StrataError):
    """A stage's code refers to a project name that is not defined where it says."""


@dataclass(frozen=True, order=True)
class Symbol:
    """A top-level name of a module; the empty name is the module as a whole."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}" if self.name else self.module


class Module:
    """One parsed source file."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.path = path
        self.is_package = path.name == "__init__.py"

    @cached_property
    def definitions(self) -> dict[str, list[ast.stmt]]:
        """Top-level name -> the statements that define it, imports left out."""
        found: dict[str, list[ast.stmt]] = {}
        for statement in _top_level(ast.parse(self.path.read_bytes(), str(self.path)).body):
            for name in _defined(statement):
                found.setdefault(name, []).append(statement)
        return found

    @cached_property
    def imports(self) -> dict[str, Symbol]:
        """Top-level name -> the project symbol that an import binds it to."""
        tree = ast.parse(self.path.read_bytes(), str(self.path))
        return dict(self._bindings(_top_level(tree.body)))

    def _bindings(self, nodes: Iterator[ast.stmt] | list[ast.AST]) -> Iterator[tuple[str, Symbol]]:
        for node in nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    bound = alias.asname or alias.name.partition(".")[0]
                    target = alias.name if alias.asname else bound
                    if target.partition(".")[0] == PACKAGE:
                        yield bound, Symbol(target, "")
            elif isinstance(node, ast.ImportFrom):
                base = self._absolute(node)
                if base.partition(".")[0] != PACKAGE and base != self.name:
                    continue
                for alias in node.names:
                    yield alias.asname or alias.name, _member(base, alias.name)

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        parts = parts[: len(parts) - node.level + self.is_package]
        return ".".join([*parts, *([node.module] if node.module else [])])

    def references(self, name: str) -> set[Symbol]:
        """The project symbols that the definition of `name` refers to."""
        found: set[Symbol] = set()
        for statement in self.definitions[name]:
            inner = list(ast.walk(statement))
            local = {**self.imports, **dict(self._bindings(inner))}  # type: ignore[arg-type]
            for node in inner:
                if isinstance(node, ast.Attribute):
                    chain = _chain(node)
                    if chain and chain[0] in local:
                        found.add(_follow(local[chain[0]], chain[1:]))
                elif isinstance(node, ast.Name):
                    if node.id in local:
                        found.add(local[node.id])
                    elif node.id in self.definitions and node.id != name:
                        found.add(Symbol(self.name, node.id))
        # `import strata.x as x` seen through `x.f` needs f, not the whole of x.
        return {s for s in found if s.name or not any(_inside(o, s) for o in found)}

    def digest(self, name: str) -> str:
        """Of the syntax of `name`'s definition, docstrings left out."""
        text = "\n".join(ast.unparse(_without_docstrings(s)) for s in self.definitions[name])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


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


def _chain(node: ast.Attribute) -> list[str]:
    names = [node.attr]
    value = node.value
    while isinstance(value, ast.Attribute):
        names.append(value.attr)
        value = value.value
    return [value.id, *reversed(names)] if isinstance(value, ast.Name) else []


def _inside(symbol: Symbol, module: Symbol) -> bool:
    return symbol != module and str(symbol).startswith(module.module + ".")


def _member(base: str, name: str) -> Symbol:
    """`from base import name`: a submodule, or a symbol of the module."""
    return Symbol(f"{base}.{name}", "") if _find(f"{base}.{name}") else Symbol(base, name)


def _follow(symbol: Symbol, names: list[str]) -> Symbol:
    """Walk `module.part.name` down to the symbol it means."""
    while names and not symbol.name:
        symbol = _member(symbol.module, names[0])
        names = names[1:]
    return symbol


def _without_docstrings(statement: ast.stmt) -> ast.stmt:
    for node in ast.walk(statement):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = node.body[0]
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:] or [ast.Pass()]
    return statement


_extra: dict[str, Path] = {}


def register(module: str, path: Path) -> None:
    """Count a user's own file of recipes as project code, under the given module name."""
    _extra[module] = path
    _module.cache_clear()
    reached_code.cache_clear()


def _find(module: str) -> Path | None:
    if module in _extra:
        return _extra[module]
    if module.partition(".")[0] != PACKAGE:
        return None
    base = _ROOT.joinpath(*module.split(".")[1:])
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


@cache
def _module(name: str) -> Module | None:
    path = _find(name)
    return Module(name, path) if path else None


@cache
def reached_code(module: str, name: str) -> dict[str, str]:
    """Every project symbol that `module.name` reaches, itself included, with its digest.

    Raises:
        UnresolvedNameError: a name is imported from a project module that does not define it.
    """
    reached: dict[str, str] = {}
    waiting = [(Symbol(module, name), "")]
    while waiting:
        symbol, origin = waiting.pop()
        if str(symbol) in reached or symbol.module in _FRAME:
            continue
        source = _module(symbol.module)
        if source is None:
            raise UnresolvedNameError(f"{origin} uses {symbol}, which has no source file.")
        if symbol.name in source.definitions:
            reached[str(symbol)] = source.digest(symbol.name)
            waiting += [(s, str(symbol)) for s in source.references(symbol.name)]
        elif symbol.name in source.imports:
            waiting.append((source.imports[symbol.name], str(symbol)))
        elif not symbol.name:
            # The module itself is passed around: all that it defines may be used.
            reached[str(symbol)] = ""
            waiting += [(Symbol(symbol.module, n), str(symbol)) for n in source.definitions]
        else:
            raise UnresolvedNameError(
                f"{origin} uses {symbol}, which {source.path.name} does not define.",
                "Import it from the module that defines it.",
            )
    return dict(sorted(reached.items()))
