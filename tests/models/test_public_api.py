"""The package's public names: complete, documented, and every estimator among them."""

import ast
import inspect
import pkgutil
from importlib import import_module
from pathlib import Path

import pytest
from sklearn.base import BaseEstimator

from strata import models

MODULES = [m.name for m in pkgutil.walk_packages(models.__path__, "strata.models.")]


def test_dir_is_all():
    assert sorted(dir(models)) == sorted(models.__all__)
    assert len(set(models.__all__)) == len(models.__all__)


@pytest.mark.parametrize("name", sorted(models.__all__))
def test_every_public_name_resolves_and_has_a_docstring(name):
    found = getattr(models, name)
    assert inspect.isclass(found) or inspect.isfunction(found)
    assert inspect.getdoc(found)


@pytest.mark.parametrize("module", MODULES)
def test_every_public_estimator_is_exported(module):
    for name, found in vars(import_module(module)).items():
        own = inspect.isclass(found) and found.__module__ == module
        if own and issubclass(found, BaseEstimator) and not name.startswith(("Base", "_")):
            assert getattr(models, name) is found


def arguments_documented(node):
    """Names before the colons of a docstring's section `Args:`."""
    lines = (ast.get_docstring(node) or "").partition("Args:\n")[2].splitlines()
    names = set()
    for line in lines:
        if line and not line.startswith(" "):
            break
        if line.startswith("    ") and not line.startswith("     "):
            names |= {name.strip() for name in line.partition(":")[0].split(",")}
    return names


@pytest.mark.parametrize(
    "name",
    [n for n in sorted(models.__all__) if inspect.isclass(getattr(models, n))],
)
def test_every_constructor_argument_of_an_estimator_is_documented(name):
    estimator = getattr(models, name)
    if not issubclass(estimator, BaseEstimator):
        return
    tree = ast.parse(Path(inspect.getfile(estimator)).read_text(encoding="utf-8"))
    node = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name)
    assert arguments_documented(node) == set(inspect.signature(estimator).parameters)
