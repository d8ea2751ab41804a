"""The rooms of the house: who may import whom, and what is imported before it is needed."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import strata
from strata.models.transfer.zoos.packaged_weights import PACKAGES

ROOT = Path(strata.__file__).parent
FORBIDDEN = {
    "features": {"models", "reports", "pipeline"},
    "models": {"features", "reports", "pipeline"},
    "reports": {"features", "models", "pipeline"},
}


def imported(path: Path) -> set[str]:
    package = ["strata", *path.relative_to(ROOT).parts[:-1]]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return found


@pytest.mark.parametrize("room", FORBIDDEN)
def test_rooms_do_not_import_each_other(room):
    files = list((ROOT / room).rglob("*.py"))
    assert files
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files
        for name in imported(path)
        for other in FORBIDDEN[room]
        if name == f"strata.{other}" or name.startswith(f"strata.{other}.")
    }
    assert not wrong


HEAVY = ("numpy", "cv2", "sklearn", "scipy", "torch", "numba", "matplotlib", "PIL", "pydantic")


@pytest.mark.parametrize(
    "module",
    ["strata.features", "strata.models", "strata.reports", "strata.pipeline.cli.app"],
)
def test_nothing_heavy_is_imported_before_it_is_needed(module):
    code = f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_making_and_reporting_import_no_library_of_methods_before_a_stage_needs_it():
    """A run in which nothing is to be done takes half a second."""
    code = f"""if True:
        import sys, strata.pipeline.cli.make, strata.pipeline.cli.report
        import strata.pipeline.visualize.network
        print([m for m in {HEAVY!r} if m in sys.modules])
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(ast.literal_eval(done.stdout)) <= {"numpy", "cv2", "PIL", "pydantic", "scipy"}


def test_composing_needs_no_library_but_numpy():
    code = f"""if True:
        import sys
        from strata.pipeline.recipes.registry import known_recipes
        assert known_recipes()
        print([m for m in {HEAVY!r} if m in sys.modules])
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['numpy']"


#: Name of the distribution, where it is not that of the module.
DISTRIBUTIONS = {
    "cv2": "opencv-contrib-python",
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "skimage": "scikit-image",
}


def test_every_library_that_is_imported_is_declared():
    project = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    declared = [*project["dependencies"], *(n for e in extras if e != "test" for n in extras[e])]
    names = {re.match(r"[\w-]+", line)[0].replace("_", "-").lower() for line in declared}
    names -= {"strata", *(p.module.replace("_", "-") for p in PACKAGES.values())}  # data alone
    found = set()
    for path in ROOT.rglob("*.py"):
        found |= {name.partition(".")[0] for name in imported(path)}
    libraries = found - set(sys.stdlib_module_names) - {"strata", ""}
    assert {DISTRIBUTIONS.get(m, m).replace("_", "-").lower() for m in libraries} == names
