"""Top-level definitions of a source file: a digest of each, and the project names it uses.

A digest covers what a definition does, not where it lies: comments, docstrings, layout, the text of
annotations of functions and imports of project code do not count, and a project name counts by its
last part. So moving or renaming a module changes no digest, though every import of it changes.
"""

import ast
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

#: A string that names project code: "package.module", "package.module:Class.method".
_NAME = re.compile(r"[a-z_]\w*(?:\.\w+)+(?::\w+(?:\.\w+)*)?")
#: A module with this assignment is outside of digests: no result depends on it.
MARK = "AFFECTS_RESULTS"

#: Splits a dotted name into the module that it leads into and the rest ("" for the module itself);
#: None where no project module is meant.
Split = Callable[[str], tuple[str, str] | None]


@dataclass(frozen=True)
class Module:
    """Definitions of one source file.

    Attributes:
        digests: top-level name -> digest of the syntax that defines it.
        references: top-level name -> dotted project names that its definition uses.
        imports: top-level name -> dotted project name that an import binds it to.
        affects_results: False where the module says that no result depends on it.
    """

    digests: dict[str, str]
    references: dict[str, list[str]]
    imports: dict[str, str]
    affects_results: bool = True


def read_module(
    name: str, source: bytes, *, package: str, split: Split, counts: Callable[[str], bool]
) -> Module:
    """Parse one source file.

    Args:
        name: dotted name of the module.
        package: dotted name that relative imports start from.
        split: resolves dotted names, see `Split`.
        counts: False for modules whose names leave no trace in a digest as decorators.
    """
    statements = list(_top_level(ast.parse(source, name).body))
    imports = dict(_bindings(statements, package, split))
    definitions: dict[str, list[ast.stmt]] = {}
    for statement in statements:
        for defined in _defined(statement):
            definitions.setdefault(defined, []).append(statement)
    digests, references = {}, {}
    own = {d: f"{name}.{d}" for d in definitions}
    for defined, parts in definitions.items():
        inner = dict(_bindings((n for p in parts for n in ast.walk(p)), package, split))
        reader = _Normalizer({**own, **imports, **inner}, package, split, counts)
        text = "\n".join(ast.unparse(reader.visit(part)) for part in parts)
        digests[defined] = hashlib.sha256(text.encode()).hexdigest()[:16]
        references[defined] = sorted(reader.used - {f"{name}.{defined}"})
    return Module(digests, references, imports, not _is_marked(definitions.get(MARK, [])))


def _is_marked(statements: list[ast.stmt]) -> bool:
    return any(
        isinstance(s, ast.Assign) and isinstance(s.value, ast.Constant) and s.value.value is False
        for s in statements
    )


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


def _bindings(nodes: Iterable[ast.AST], package: str, split: Split) -> Iterator[tuple[str, str]]:
    """Project names that imports bind: (name here, dotted name)."""
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.partition(".")[0]
                if split(alias.name):
                    yield bound, alias.name if alias.asname else bound
        elif isinstance(node, ast.ImportFrom) and split(_base(node, package)):
            for alias in node.names:
                yield alias.asname or alias.name, f"{_base(node, package)}.{alias.name}"


def _base(node: ast.ImportFrom, package: str) -> str:
    """Dotted name of the module that something is imported from."""
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - node.level + 1], *filter(None, [node.module])])


class _Normalizer(ast.NodeTransformer):
    """Strips a definition of what does nothing, and collects the project names that it uses."""

    def __init__(
        self, known: dict[str, str], package: str, split: Split, counts: Callable[[str], bool]
    ) -> None:
        self.used: set[str] = set()
        self._known = known
        self._package = package
        self._split = split
        self._counts = counts

    def _visit_definition(self, node: Any) -> ast.AST:
        first = node.body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            node.body = node.body[1:]
        node.decorator_list = [d for d in node.decorator_list if self._is_counted(d)]
        node = self.generic_visit(node)
        node.body = node.body or [ast.Pass()]
        return node

    visit_ClassDef = _visit_definition

    def _visit_function(self, node: Any) -> ast.AST:
        # A type leads to the methods that are called on the argument, but its text does nothing.
        for argument in ast.walk(node.args):
            if isinstance(argument, ast.arg) and argument.annotation:
                self.visit(argument.annotation)
                argument.annotation = None
        node.returns = None
        return self._visit_definition(node)

    visit_FunctionDef = _visit_function
    visit_AsyncFunctionDef = _visit_function

    def _is_counted(self, decorator: ast.expr) -> bool:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        split = self._split_of(called)
        return split is None or self._counts(split[0])

    def visit_Import(self, node: ast.Import) -> ast.AST | None:
        node.names = [alias for alias in node.names if not self._split(alias.name)]
        return node if node.names else None

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        return None if self._split(_base(node, self._package)) else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        split = self._split_of(node)
        return self.generic_visit(node) if split is None else self._noted(node, *split)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        split = self._split_of(node)
        return node if split is None else self._noted(node, *split)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str) and _NAME.fullmatch(node.value):
            split = self._split(node.value.replace(":", "."))
            if split:
                self.used.add(".".join(filter(None, [split[0], split[1].partition(".")[0]])))
                return ast.Constant(split[1] or "module")
        return node

    def _split_of(self, node: ast.AST) -> tuple[str, str] | None:
        chain = _chain(node)
        if not chain or chain[0] not in self._known:
            return None
        return self._split(".".join([self._known[chain[0]], *chain[1:]]))

    def _noted(self, node: ast.expr, module: str, rest: str) -> ast.AST:
        """A project name without its module: its symbol, and attributes of that."""
        symbol, _, attributes = rest.partition(".")
        self.used.add(f"{module}.{symbol}" if symbol else module)
        found: ast.expr = ast.Name(symbol or "module", ast.Load())
        for attribute in filter(None, attributes.split(".")):
            found = ast.Attribute(found, attribute, ast.Load())
        return ast.copy_location(found, node)


def _chain(node: ast.AST) -> list[str]:
    """The names of `a.b.c`, [] for what is no such chain."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return [node.id, *reversed(names)] if isinstance(node, ast.Name) else []
