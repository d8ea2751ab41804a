"""Constructor arguments of an estimator, read from its source: no torch, no scikit-learn loaded.

Annotations and defaults are evaluated from the syntax tree; names in them are looked up in the
module's top-level assignments and imports, through the modules of the package. A test compares
each with what `inspect` says of the imported class.
"""

import ast
import builtins
import importlib.util
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from strata.errors import InputError
from strata.pipeline.code.code_digest import PACKAGE, user_file

AFFECTS_RESULTS = False  # reads what the constructor says

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
        estimator: "module:Class"; a user's own file by its stem.
        omit: arguments to leave out; neither their types nor their defaults are evaluated.

    Raises:
        InputError: the source is not there, or its signature cannot be read without running it.
    """
    module, _, name = estimator.partition(":")
    try:
        return dict(_arguments(module, name, omit))
    except (
        ArithmeticError,
        AttributeError,
        ImportError,
        LookupError,
        NameError,
        OSError,
        SyntaxError,
        TypeError,
        ValueError,
    ) as error:
        raise InputError(
            f"The arguments of the estimator '{estimator}' cannot be read: {error}.",
            "Give its constructor an __init__ whose arguments have types and defaults made of "
            "literals, typing and strata.parameter_types; or list the parameters in the stage's "
            "own signature.",
        ) from error


def _arguments(module: str, name: str, omit: frozenset[str]) -> Iterator[tuple[str, Argument]]:
    classes = _source(module).classes
    if name not in classes:
        raise NameError(f"{module} defines no class '{name}'")
    docs = argument_help(ast.get_docstring(classes[name]) or "")
    found = [s for s in classes[name].body if isinstance(s, ast.FunctionDef)]
    inits = [s for s in found if s.name == "__init__"]
    if not inits or inits[0].args.vararg or inits[0].args.kwarg or inits[0].args.posonlyargs:
        raise TypeError(f"{name} has no __init__ of named arguments alone")
    arguments = inits[0].args
    positional = arguments.args[1:]
    missing: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    pairs = [*zip(positional, [*missing, *arguments.defaults], strict=True)]
    pairs += zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    for argument, default in pairs:
        if argument.arg in omit:
            continue
        if argument.annotation is None or default is None:
            raise TypeError(f"its argument '{argument.arg}' needs a type and a default")
        value = _evaluated(module, default)
        if isinstance(value, _Defined):
            raise TypeError(f"the default of '{argument.arg}' is computed by {value}")
        annotation = _evaluated(module, argument.annotation)
        if isinstance(annotation, str):
            annotation = _evaluated(module, ast.parse(annotation, mode="eval").body)
        yield argument.arg, Argument(annotation, value, docs.get(argument.arg, ""))


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
    path = user_file(module)
    if path is None:
        spec = importlib.util.find_spec(module)
        if spec is None or spec.origin is None:
            raise ImportError(f"there is no module {module}")
        path = Path(spec.origin)
    assigned: dict[str, ast.expr] = {}
    imported: dict[str, tuple[str, str]] = {}
    classes: dict[str, ast.ClassDef] = {}
    functions: set[str] = set()
    for statement in ast.parse(path.read_bytes()).body:
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
        elif isinstance(statement, ast.Import):
            for alias in statement.names:
                imported[alias.asname or alias.name] = (alias.name, "")
        elif isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            assigned.pop(statement.target.id, None)  # its value is not in one place
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
        NameError: there is no such name.
    """
    source = _source(module)
    if name in source.assigned:
        return _evaluated(module, source.assigned[name])
    if name in source.imported:
        origin, attribute = source.imported[name]
        if origin.partition(".")[0] == PACKAGE and origin not in _IMPORTED:
            return _named(origin, attribute)
        found = import_module(origin)
        return getattr(found, attribute) if attribute else found
    if name in source.functions or name in source.classes:
        return _Defined(f"{module}.{name}")
    if name not in vars(builtins):
        raise NameError(f"{module} does not say what '{name}' is")
    return vars(builtins)[name]
