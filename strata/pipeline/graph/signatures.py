"""Constructor arguments of an estimator, read from its source: no torch, no scikit-learn loaded.

Annotations and defaults are evaluated from the syntax tree; names in them are looked up in the
module's top-level assignments and imports, through the modules of the package. A test compares
each with what `inspect` says of the imported class.
"""

import ast
import builtins
import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

PACKAGE = "strata"
#: Imported, not read: small, and its classes are needed themselves.
_IMPORTED = ("strata.parameter_types",)


@dataclass(frozen=True)
class Argument:
    """Keyword argument of a constructor: type, default, entry in the docstring."""

    annotation: Any
    default: Any
    help: str


@cache
def constructor_arguments(estimator: str, omit: frozenset[str]) -> dict[str, Argument]:
    """Arguments of a constructor, in their order.

    Args:
        estimator: "module:Class".
        omit: arguments to leave out; neither their types nor their defaults are evaluated.

    Raises:
        TypeError: an argument lacks its type or its default.
    """
    module, _, name = estimator.partition(":")
    found = _source(module).classes[name]
    docs = argument_help(ast.get_docstring(found) or "")
    (init,) = (s for s in found.body if isinstance(s, ast.FunctionDef) and s.name == "__init__")
    positional = init.args.args[1:]
    defaults = [None] * (len(positional) - len(init.args.defaults)) + [*init.args.defaults]
    pairs = [*zip(positional, defaults, strict=True)]
    pairs += zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True)
    arguments = {}
    for argument, default in pairs:
        if argument.arg in omit:
            continue
        if argument.annotation is None or default is None:
            raise TypeError(f"{estimator}: '{argument.arg}' needs a type and a default")
        arguments[argument.arg] = Argument(
            _evaluated(module, argument.annotation),
            _evaluated(module, default),
            docs.get(argument.arg, ""),
        )
    return arguments


_ENTRY = re.compile(r"(?P<names>\w+(?:, \w+)*): (?P<text>.*)")


def argument_help(docstring: str) -> dict[str, str]:
    """Entries of the section "Args:" of a docstring, by argument; continued lines are joined."""
    found: dict[str, list[str]] = {}
    names: list[str] = []
    _, _, section = docstring.partition("Args:\n")
    indent = len(section) - len(section.lstrip())
    for line in section.splitlines():
        depth = len(line) - len(line.lstrip())
        if line.strip() and depth < indent:
            break
        entry = _ENTRY.match(line.strip()) if depth == indent else None
        if entry:
            names = entry["names"].split(", ")
            found |= {name: [entry["text"]] for name in names}
        elif line.strip():
            for name in names:
                found[name].append(line.strip())
    return {name: " ".join(lines) for name, lines in found.items()}


@dataclass(frozen=True)
class _Source:
    """Top level of a module: what names stand for, unevaluated."""

    assigned: Mapping[str, ast.expr]
    imported: Mapping[str, tuple[str, str]]
    classes: Mapping[str, ast.ClassDef]
    functions: frozenset[str]


@cache
def _source(module: str) -> _Source:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise TypeError(f"{module} has no source file")
    assigned: dict[str, ast.expr] = {}
    imported: dict[str, tuple[str, str]] = {}
    classes: dict[str, ast.ClassDef] = {}
    functions: set[str] = set()
    for statement in ast.parse(Path(spec.origin).read_bytes()).body:
        if isinstance(statement, ast.Assign):
            assigned |= {
                t.id: statement.value for t in statement.targets if isinstance(t, ast.Name)
            }
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            if statement.value:
                assigned[statement.target.id] = statement.value
        elif isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                imported[alias.asname or alias.name] = (statement.module or "", alias.name)
        elif isinstance(statement, ast.ClassDef):
            classes[statement.name] = statement
        elif isinstance(statement, ast.FunctionDef):
            functions.add(statement.name)
    return _Source(assigned, imported, classes, frozenset(functions))


def _evaluated(module: str, expression: ast.expr) -> Any:
    if isinstance(expression, ast.Constant):
        return expression.value
    if isinstance(expression, ast.Name):
        return _named(module, expression.id)
    code = compile(ast.Expression(expression), module, "eval")
    return eval(code, {"__builtins__": builtins}, _Names(module))


class _Defined(str):
    """Stands for a function or class of the package, in tables whose keys alone are read."""

    def __call__(self, *_: Any, **__: Any) -> "_Defined":
        return self


class _Names(dict[str, Any]):
    """The names that a module's top level knows, evaluated when they are looked up."""

    def __init__(self, module: str) -> None:
        super().__init__()
        self._module = module

    def __missing__(self, name: str) -> Any:
        return _named(self._module, name)


@cache
def _named(module: str, name: str) -> Any:
    """Value of a name at the top level of a module, or of a builtin.

    Raises:
        KeyError: there is no such name.
    """
    source = _source(module)
    if name in source.assigned:
        return _evaluated(module, source.assigned[name])
    if name in source.imported:
        origin, attribute = source.imported[name]
        if origin.partition(".")[0] == PACKAGE and origin not in _IMPORTED:
            return _named(origin, attribute)
        return getattr(import_module(origin), attribute)
    if name in source.functions or name in source.classes:
        return _Defined(f"{module}.{name}")
    return vars(builtins)[name]
