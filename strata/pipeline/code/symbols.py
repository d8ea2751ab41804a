"""Top-level definitions of a source file: a digest of each, and the project names that it uses.

A digest covers what a definition does, not where it lies: comments, docstrings, layout, annotations
of functions and imports do not count. A project name stands in it as a number, the place of its
target in the list of references, and a name of another package as its full origin. So moving or
renaming a module changes no digest, though every import of it changes.
"""

import ast
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

AFFECTS_RESULTS = False  # makes keys, and nothing else

#: A string that may name project code: "package.module", "package.module:Class.method".
_NAME = re.compile(r"[a-z_]\w*(?:\.\w+)+(?::\w+(?:\.\w+)*)?")
#: A module that assigns False to this name is outside of keys: no result depends on it.
MARK = "AFFECTS_RESULTS"
#: Before a reference that a string makes: it counts only if it leads somewhere.
MAYBE = "?"

#: Splits a dotted name into the module that it leads into and the rest ("" for the module itself);
#: None where no project module is meant.
Split = Callable[[str], tuple[str, str] | None]
#: What a name is bound to: dotted names, several where imports are conditional; none for a local.
Scope = dict[str, list[str]]
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True)
class Module:
    """Definitions of one source file.

    Attributes:
        digests: top-level name -> digest of the syntax that defines it.
        references: top-level name -> dotted project names, as numbered in that syntax.
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

    Raises:
        SyntaxError: the source is no Python.
    """
    statements = list(_top_level(ast.parse(source, name).body))
    definitions = _definitions(statements)
    imported = _imports(statements, package)
    top = {**imported, **{d: [f"{name}.{d}"] for d in definitions}}
    digests, references = {}, {}
    for defined, parts in definitions.items():
        reader = _Normalizer(top, package, split, counts)
        text = "\n".join(ast.unparse(reader.visit(part)) for part in parts)
        digests[defined] = hashlib.sha256(text.encode()).hexdigest()[:16]
        references[defined] = reader.references
    project = {n: origins[-1] for n, origins in imported.items() if split(origins[-1])}
    return Module(digests, references, project, not _is_marked(definitions.get(MARK, [])))


def _is_marked(statements: list[ast.stmt]) -> bool:
    return any(
        isinstance(s, ast.Assign) and isinstance(s.value, ast.Constant) and s.value.value is False
        for s in statements
    )


def _top_level(body: list[ast.stmt], test: ast.expr | None = None) -> Iterator[ast.stmt]:
    """Statements of a module; those inside `if` with its condition, those of `try` as they are."""
    for statement in body:
        if isinstance(statement, ast.If):
            yield from _top_level(statement.body, statement.test)
            yield from _top_level(statement.orelse, ast.UnaryOp(ast.Not(), statement.test))
        elif isinstance(statement, ast.Try):
            yield from _top_level([*statement.body, *statement.orelse, *statement.finalbody], test)
            for handler in statement.handlers:
                yield from _top_level(handler.body, test)
        elif test is None or isinstance(statement, ast.Import | ast.ImportFrom):
            yield statement
        else:
            yield ast.copy_location(ast.If(test, [statement], []), statement)


def _definitions(statements: list[ast.stmt]) -> dict[str, list[ast.stmt]]:
    """Statements that define each top-level name, or change what it stands for."""
    found: dict[str, list[ast.stmt]] = {}
    for statement in statements:
        for name in _defined(statement.body[0] if isinstance(statement, ast.If) else statement):
            found.setdefault(name, []).append(statement)
    for statement in statements:
        inner = statement.body[0] if isinstance(statement, ast.If) else statement
        if not _defined(inner) and not isinstance(inner, ast.Import | ast.ImportFrom):
            # A loop over it, a call of its method: it counts for every name that stands in it.
            names = {n.id for n in ast.walk(inner) if isinstance(n, ast.Name)}
            for name in sorted(names & found.keys()):
                found[name].append(statement)
    return found


def _defined(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]
    return []


def _imports(nodes: Iterable[ast.AST], package: str) -> Scope:
    """Names that imports bind, with the dotted names that they may be bound to."""
    found: Scope = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.partition(".")[0]
                found.setdefault(bound, []).append(alias.name if alias.asname else bound)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                dotted = f"{_base(node, package)}.{alias.name}"
                found.setdefault(alias.asname or alias.name, []).append(dotted)
    return found


def _base(node: ast.ImportFrom, package: str) -> str:
    """Dotted name of the module that something is imported from."""
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - node.level + 1], *filter(None, [node.module])])


def _own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """Nodes of a function, class or comprehension, those of scopes inside it left out."""
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (*_FUNCTIONS, ast.ClassDef, *_COMPREHENSIONS)):
            waiting += ast.iter_child_nodes(node)


def _locals(scope: ast.AST, package: str) -> Scope:
    """Names that a function, class or comprehension binds itself."""
    nodes = list(_own_nodes(scope))
    found: Scope = {n.id: [] for n in nodes if isinstance(n, ast.Name) and not _is_read(n)}
    if isinstance(scope, _FUNCTIONS):
        found |= {a.arg: [] for a in ast.walk(scope.args) if isinstance(a, ast.arg)}
    found |= {n.name: [] for n in nodes if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    found |= {n.name: [] for n in nodes if isinstance(n, ast.ExceptHandler) and n.name}
    found |= _imports(nodes, package)
    for node in nodes:
        if isinstance(node, ast.Global | ast.Nonlocal):
            for name in node.names:
                found.pop(name, None)
    return found


def _is_read(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Load)


class _Normalizer(ast.NodeTransformer):
    """Strips a definition of what does nothing, and collects the project names that it uses."""

    def __init__(
        self, top: Scope, package: str, split: Split, counts: Callable[[str], bool]
    ) -> None:
        self.references: list[str] = []
        self._scopes: list[tuple[bool, Scope]] = [(False, top)]
        self._package = package
        self._split = split
        self._counts = counts

    def _origins(self, name: str) -> list[str]:
        """Dotted names that a name may be bound to, [] for locals and builtins."""
        for number, (is_class, scope) in enumerate(reversed(self._scopes)):
            if name in scope and (not is_class or number == 0):
                return scope[name]
        return []

    def _visit_scope(self, node: Any) -> ast.AST:
        self._scopes.append((isinstance(node, ast.ClassDef), _locals(node, self._package)))
        visited = self.generic_visit(node)
        self._scopes.pop()
        return visited

    visit_Lambda = visit_ListComp = visit_SetComp = visit_DictComp = _visit_scope
    visit_GeneratorExp = _visit_scope

    def _visit_definition(self, node: Any) -> ast.AST:
        first = node.body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            node.body = node.body[1:]
        kept = [d for d in node.decorator_list if self._is_counted(d)]
        node.decorator_list = [self.visit(decorator) for decorator in kept]
        decorators, node.decorator_list = node.decorator_list, []
        visited: Any = self._visit_scope(node)
        visited.decorator_list = decorators
        visited.body = visited.body or [ast.Pass()]
        return visited

    visit_ClassDef = _visit_definition

    def _visit_function(self, node: Any) -> ast.AST:
        # A type leads to the methods that are called on a value, but its text does nothing.
        arguments = [a for a in ast.walk(node.args) if isinstance(a, ast.arg)]
        for annotation in (*(a.annotation for a in arguments), node.returns):
            self._visit_annotation(annotation)
        for argument in arguments:
            argument.annotation = None
        node.returns = None
        return self._visit_definition(node)

    visit_FunctionDef = _visit_function
    visit_AsyncFunctionDef = _visit_function

    def _visit_annotation(self, annotation: ast.expr | None) -> None:
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            try:
                annotation = ast.parse(annotation.value, mode="eval").body
            except SyntaxError:
                return
        if annotation is not None:
            self.visit(annotation)

    def _is_counted(self, decorator: ast.expr) -> bool:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        splits = [self._split(dotted) for dotted in self._dotted(called)]
        return not splits or any(s is None or self._counts(s[0]) for s in splits)

    def visit_Import(self, node: ast.AST) -> None:
        """Imports stand in the names that they bind."""

    visit_ImportFrom = visit_Import

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        return self._named(node) or self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return self._named(node) or node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str) and _NAME.fullmatch(node.value):
            dotted = node.value.replace(":", ".")
            if self._split(dotted):
                return ast.Constant(f"reference {self._number(MAYBE + dotted)}")
        return node

    def _dotted(self, node: ast.AST) -> list[str]:
        """Dotted names that `name` or `name.attribute...` may lead to, [] for what is local."""
        chain = _chain(node)
        return [".".join([o, *chain[1:]]) for o in self._origins(chain[0])] if chain else []

    def _named(self, node: ast.Name | ast.Attribute) -> ast.expr | None:
        """A name that is bound to code elsewhere: its number, or its origin in another package."""
        found = []
        attributes = ""
        for dotted in self._dotted(node):
            split = self._split(dotted)
            if split is None:
                found.append(dotted)
                continue
            symbol, _, attributes = split[1].partition(".")
            full = f"{split[0]}.{symbol}" if symbol else split[0]
            found.append(f"reference_{self._number(full)}")
        if not found:
            return None
        return ast.Name(".".join(filter(None, ["__or__".join(found), attributes])), ast.Load())

    def _number(self, full: str) -> int:
        if full not in self.references:
            self.references.append(full)
        return self.references.index(full)


def _chain(node: ast.AST) -> list[str]:
    """The names of `a.b.c`, [] for what is no such chain."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return [node.id, *reversed(names)] if isinstance(node, ast.Name) else []
