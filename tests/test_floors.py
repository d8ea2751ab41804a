"""The floors of the house: imports go down only, between packages and between their folders."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import strata

ROOT = Path(strata.__file__).parent
MODULES = {
    ".".join(["strata", *p.relative_to(ROOT).with_suffix("").parts]).removesuffix(".__init__"): p
    for p in ROOT.rglob("*.py")
}
#: Top to bottom; folders in one tuple do not import each other.
FLOORS = {
    "strata": [
        "__main__",
        "pipeline",
        ("features", "models", "reports", "scenes"),
    ],
    "strata.features": ["encodings", "codebooks", "descriptors", "transforms", "_simd"],
    "strata.models": [
        "onnx_export",
        "estimators",
        "transfer",
        "training",
        "architectures",
        "classifiers",
        "runtime",
    ],
    "strata.reports": [
        "writer",
        "page",
        "exports",
        "summary",
        "checks",
        "comparison",
        "statistics",
        "model",
        "formatting",
    ],
    "strata.pipeline": [
        "cli",
        "api",
        "workspace",
        "reporting",
        "explain",
        "visualize",
        "experiment",
        "prediction",
        "recipes",
        ("stages", "execution"),
        "graph",
        "parameters",
        "code",
        ("data", "store"),
    ],
    "strata.scenes": ["write", "picture", "kinds", "elements"],
}


def imported(module: str) -> Iterator[str]:
    """Modules of the package that a module imports, anywhere in its source."""
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module} has a relative import"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                if full in MODULES or node.module in MODULES:
                    yield full if full in MODULES else str(node.module)


IMPORTS = {module: set(imported(module)) for module in MODULES}


def rank(package: str) -> dict[str, int]:
    floors = [(f,) if isinstance(f, str) else f for f in FLOORS[package]]
    return {name: number for number, floor in enumerate(floors) for name in floor}


@pytest.mark.parametrize("package", FLOORS)
def test_imports_go_down_only(package):
    floor = rank(package)
    upward = []
    for module, targets in IMPORTS.items():
        for target in targets:
            if module.startswith(f"{package}.") and target.startswith(f"{package}."):
                here, there = (
                    m.removeprefix(f"{package}.").split(".")[0] for m in (module, target)
                )
                below = len(floor)  # what is on no floor lies below all of them
                if here != there and floor.get(here, below) >= floor.get(there, below + 1):
                    upward.append(f"{module} imports {target}")
    assert not upward


@pytest.mark.parametrize("package", [p for p in FLOORS if p != "strata"])
def test_every_folder_has_its_floor(package):
    folder = ROOT.joinpath(*package.split(".")[1:])
    found = {p.name for p in folder.iterdir() if (p / "__init__.py").exists()}
    assert found <= rank(package).keys()


def test_no_modules_import_each_other_in_a_circle():
    """Tarjan's strongly connected components, of imports inside functions too."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    circles = []

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for target in IMPORTS[module]:
            if target not in index:
                visit(target)
                low[module] = min(low[module], low[target])
            elif target in stack:
                low[module] = min(low[module], index[target])
        if low[module] == index[module]:
            members = [stack.pop()]
            while members[-1] != module:
                members.append(stack.pop())
            if len(members) > 1:
                circles.append(sorted(members))

    for module in MODULES:
        if module not in index:
            visit(module)
    assert not circles


def test_rooms_are_small():
    lines = sorted(len(p.read_text(encoding="utf-8").splitlines()) for p in MODULES.values())
    assert lines[len(lines) // 2] <= 110
    assert lines[-1] <= 350


def test_folders_are_small_enough_to_look_over():
    for folder in {p.parent for p in MODULES.values()}:
        modules = [p for p in folder.glob("*.py") if p.name != "__init__.py"]
        assert len(modules) <= 17, folder


@pytest.mark.parametrize("folder", sorted({p.parent for p in MODULES.values()}))
def test_every_folder_says_what_lives_there(folder):
    text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))
    assert text
