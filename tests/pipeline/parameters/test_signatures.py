"""Constructor arguments read from sources are those that the imported classes have."""

import importlib
import inspect
import pkgutil
import subprocess
import sys
from typing import get_type_hints

import pytest

import strata.pipeline.stages
from strata.errors import InputError
from strata.pipeline.code import code_digest
from strata.pipeline.graph.stage import Step
from strata.pipeline.parameters import signatures
from strata.pipeline.parameters.signatures import argument_help, constructor_arguments
from strata.pipeline.recipes.reference import values_of


def steps() -> dict[str, Step]:
    found = {}
    for module in pkgutil.iter_modules(strata.pipeline.stages.__path__):
        loaded = importlib.import_module(f"strata.pipeline.stages.{module.name}")
        found |= {s.name: s for s in vars(loaded).values() if isinstance(s, Step)}
    return found


FITTING = {name: step for name, step in steps().items() if step.estimator}


#: Stages that no experiment file configures: recipes set their parameters.
INTERNAL = ("apply_selection", "feature_map_descriptors", "predictions", "pretrained")


def estimator_of(step: Step) -> type:
    module, _, name = step.estimator.partition(":")
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("name", FITTING)
def test_what_is_read_is_what_the_class_has(name):
    step = FITTING[name]
    estimator = estimator_of(step)
    hints = get_type_hints(estimator.__init__, include_extras=True)
    omit = frozenset((*step.supplies, "random_state"))
    own = inspect.signature(step.function).parameters
    found = constructor_arguments(step.estimator, omit | frozenset(own))
    signature = inspect.signature(estimator).parameters
    expected = [n for n in signature if n not in omit and n not in own]
    assert list(found) == expected
    for argument, read in found.items():
        assert read.default == signature[argument].default, argument
        assert values_of(read.annotation) == values_of(hints[argument]), argument


@pytest.mark.parametrize("name", FITTING)
def test_a_stage_has_one_default_with_its_estimator(name):
    step = FITTING[name]
    signature = inspect.signature(estimator_of(step)).parameters
    for parameter, default in step.parameters.defaults.items():
        if parameter in signature:
            assert default == signature[parameter].default, parameter


@pytest.mark.parametrize("name", FITTING)
def test_what_a_stage_supplies_is_there(name):
    step = FITTING[name]
    assert {*step.supplies} <= inspect.signature(estimator_of(step)).parameters.keys()


@pytest.mark.parametrize(("name", "step"), steps().items())
def test_every_parameter_has_a_help_text_and_a_default_of_its_type(name, step):
    assert step.summary.endswith(".")
    assert step.parameters.checked({}, name).keys() == step.parameters.defaults.keys()
    if name not in INTERNAL:
        assert step.parameters.defaults.keys() == step.parameters.help.keys()


def test_entries_of_a_docstring_are_joined_over_their_lines():
    docstring = """A thing.

    Args:
        first: one,
            and more.
        second, third: both.
            nested: no entry.

    Attributes:
        fourth: not an argument.
    """
    assert argument_help(inspect.cleandoc(docstring)) == {
        "first": "one, and more.",
        "second": "both. nested: no entry.",
        "third": "both. nested: no entry.",
    }


def test_parameters_are_known_without_the_libraries_behind_them():
    code = """
        import sys
        from strata.pipeline.recipes.registry import known_recipes
        for name, recipe in known_recipes().items():
            recipe.checked({}, name)
        print(sorted({"torch", "sklearn", "cv2", "numba", "scipy"} & set(sys.modules)))
    """
    done = subprocess.run(
        [sys.executable, "-c", inspect.cleandoc(code)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("class M:\n    pass\n", "no __init__"),
        ("class Other:\n    pass\n", "defines no class 'M'"),
        (
            "class M:\n    def __init__(self, a=1):\n        pass\n",
            "'a' needs a type and a default",
        ),
        ("class M:\n    def __init__(self, *, a: int = n):\n        pass\n", "what 'n' is"),
        (
            "def n(): ...\nclass M:\n    def __init__(self, a: int = n()):\n        pass\n",
            "computed",
        ),
        (
            "N = 1\nN += 1\nclass M:\n    def __init__(self, a: int = N):\n        pass\n",
            "what 'N' is",
        ),
        ("class M:\n    def __init__(self, **more):\n        pass\n", "named arguments alone"),
        ("class M(:\n", "invalid syntax"),
    ],
)
def test_a_constructor_that_cannot_be_read_is_explained(tmp_path, source, says):
    path = tmp_path / "own_estimators.py"
    path.write_text(source)
    code_digest.register("recipes_own_estimators", path)
    signatures_cache = (constructor_arguments, signatures._source, signatures._named)
    for cached in signatures_cache:
        cached.cache_clear()
    with pytest.raises(InputError, match=rf"'own_estimators:M' cannot be read: .*{says}"):
        constructor_arguments("own_estimators:M", frozenset())


def test_there_is_no_such_module():
    with pytest.raises(InputError, match=r"there is no module nowhere|No module named"):
        constructor_arguments("nowhere.at_all:M", frozenset())
