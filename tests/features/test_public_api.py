"""Public names of strata.features, and its constructors as a static reader sees them."""

import ast
import importlib
import inspect
import pkgutil
import re
import sys
import typing
from pathlib import Path

import pytest
from sklearn.base import BaseEstimator

import strata.features
import strata.parameter_types
from strata._compiled import KERNELS

NUMBA_ONLY = ("strata.features._simd", "strata.features.descriptors._sift_numba")


def modules():
    for info in pkgutil.walk_packages(strata.features.__path__, "strata.features."):
        if KERNELS == "numba" or not info.name.startswith(NUMBA_ONLY):
            yield importlib.import_module(info.name)


def estimators():
    """Public estimator classes that are defined in strata.features, abstract ones included."""
    found = {
        value
        for module in modules()
        for name, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, BaseEstimator) and name[0] != "_"
    }
    return sorted(
        (e for e in found if e.__module__.startswith("strata.")), key=lambda e: e.__name__
    )


def constructible():
    return [e for e in estimators() if not inspect.isabstract(e)]


def test_dir_is_the_list_of_public_names():
    assert sorted(dir(strata.features)) == sorted(strata.features.__all__)
    assert len(set(strata.features.__all__)) == len(strata.features.__all__)


@pytest.mark.parametrize("name", strata.features.__all__)
def test_every_public_name_resolves_and_is_documented(name):
    value = getattr(strata.features, name)
    assert value.__name__ == name
    assert value.__doc__
    assert not re.match(r"(What|Which|Where|How|Whether)\b", value.__doc__)


def test_every_estimator_is_public():
    assert {e.__name__ for e in estimators()} <= set(strata.features.__all__)
    assert len(constructible()) >= 17


@pytest.mark.parametrize("estimator", constructible())
def test_every_argument_is_documented_by_name(estimator):
    text = inspect.getdoc(estimator).partition("Args:\n")[2].partition("\nAttributes:")[0]
    documented = [
        name
        for names in re.findall(r"^    ([a-z_]\w*(?:, \w+)*): \S", text, re.MULTILINE)
        for name in names.split(", ")
    ]
    assert documented == [n for n in inspect.signature(estimator).parameters if n != "self"]


def parsed(path):
    return ast.parse(Path(path).read_text(encoding="utf-8"))


def allowed_names(tree):
    """Names that annotations may use: typing, parameter types, and aliases of Literals."""
    allowed = {"int", "float", "bool", "str", "tuple"}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "typing":
            allowed |= {a.name for a in node.names if hasattr(typing, a.name)}
        elif isinstance(node, ast.ImportFrom) and node.module == "strata.parameter_types":
            allowed |= {a.name for a in node.names if hasattr(strata.parameter_types, a.name)}
        elif isinstance(node, ast.ImportFrom) and node.module.startswith("strata.features."):
            source = sys.modules[node.module].__file__
            aliases = literal_aliases(parsed(source))
            allowed |= {a.name for a in node.names} & aliases
    return allowed | literal_aliases(tree)


def literal_aliases(tree):
    return {
        node.targets[0].id
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Subscript)
        and getattr(node.value.value, "id", "") == "Literal"
    }


@pytest.mark.parametrize("estimator", constructible())
def test_constructors_can_be_read_without_importing_them(estimator):
    tree = parsed(inspect.getsourcefile(estimator))
    found = next(n for n in ast.walk(tree) if getattr(n, "name", "") == estimator.__name__)
    init = next(n for n in found.body if getattr(n, "name", "") == "__init__")
    arguments = init.args.args[1:]
    allowed = allowed_names(tree)
    for argument in arguments:
        names = {n.id for n in ast.walk(argument.annotation) if isinstance(n, ast.Name)}
        assert names <= allowed, argument.arg
    defaults = [ast.literal_eval(default) for default in init.args.defaults]
    parameters = list(inspect.signature(estimator).parameters.values())
    assert [p.default for p in parameters] == defaults
