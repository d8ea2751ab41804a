"""Keys cover code wherever it lies: after a module has moved there is nothing to do."""

import ast
import importlib
import os
import pkgutil
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import strata
import strata.pipeline.stages
from strata.pipeline.code import code_digest
from strata.pipeline.graph.stage import Stage
from tests.pipeline.project import write_images

ROOT = Path(strata.__file__).parent


def module_of_each_stage() -> dict[str, str]:
    found = {}
    for module in pkgutil.iter_modules(strata.pipeline.stages.__path__):
        loaded = importlib.import_module(f"strata.pipeline.stages.{module.name}")
        stages = [s for s in vars(loaded).values() if isinstance(s, Stage)]
        found |= {s.name: s.function.__module__ for s in stages}
    return found


STAGES = module_of_each_stage()


def keys(moved: dict[str, str]) -> dict[str, str]:
    """Key of the code of every stage; modules are called as `moved` says."""
    code_digest.forget()
    return {n: code_digest.code_key(moved.get(m, m), n) for n, m in STAGES.items()}


def copy_package(folder: Path) -> Path:
    copy = folder / "strata"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of the package, in which code is looked for."""
    copy = copy_package(tmp_path)
    monkeypatch.setattr(code_digest, "_ROOT", copy)
    monkeypatch.setattr(code_digest, "_parsed", code_digest._Parsed())
    yield copy
    code_digest.forget()


def move(package: Path, moved: dict[str, str]) -> None:
    """Move modules, and adapt all imports and all dotted names of them."""
    names = re.compile(rf"\b({'|'.join(map(re.escape, moved))})\b")
    for file in package.rglob("*.py"):
        text = file.read_text()
        lines = text.splitlines(keepends=True)
        for node in reversed(list(ast.walk(ast.parse(text)))):
            if isinstance(node, ast.ImportFrom):
                parts = [alias for alias in node.names if f"{node.module}.{alias.name}" in moved]
                rest = [alias for alias in node.names if alias not in parts]
                if parts:
                    indent = " " * node.col_offset
                    new = [ast.unparse(ast.ImportFrom(node.module, rest, 0))] if rest else []
                    for alias in parts:
                        into, _, name = moved[f"{node.module}.{alias.name}"].rpartition(".")
                        new.append(f"from {into} import {name} as {alias.asname or alias.name}")
                    lines[node.lineno - 1] = "".join(f"{indent}{line}\n" for line in new)
                    lines[node.lineno : node.end_lineno] = [""] * (node.end_lineno - node.lineno)
        file.write_text(names.sub(lambda match: moved[match[1]], "".join(lines)))
    for old, new in moved.items():
        source, target = (package.joinpath(*n.split(".")[1:]) for n in (old, new))
        target.parent.mkdir(exist_ok=True)
        (target.parent / "__init__.py").touch()
        source.with_suffix(".py").rename(target.with_suffix(".py"))


def test_every_module_that_stages_reach_may_move(copied):
    before = keys({})
    reached = {s for name, m in STAGES.items() for s in code_digest.code_digests(m, name)}
    modules = {code_digest._resolved(symbol)[0] for symbol in reached}
    files = sorted(
        m for m in modules if copied.joinpath(*m.split(".")[1:]).with_suffix(".py").exists()
    )
    assert len(files) > 80
    moved = {m: f"{m.rpartition('.')[0]}.elsewhere.{m.rpartition('.')[2]}_moved" for m in files}
    move(copied, moved)
    after = keys(moved)
    assert {name for name in before if before[name] != after[name]} == set()


def test_an_edit_beside_the_move_is_noticed(copied):
    before = keys({})
    moved = {"strata.features.codebooks.kmeans": "strata.features.codebooks.lloyd"}
    move(copied, moved)
    path = copied / "features" / "codebooks" / "lloyd.py"
    edited = path.read_text().replace("max_iter: PositiveInt = 25", "max_iter: PositiveInt = 26")
    assert edited != path.read_text()
    path.write_text(edited)
    after = keys(moved)
    changed = {name for name in before if before[name] != after[name]}
    assert "visual_words" in changed
    assert "pca" not in changed


def test_definitions_that_change_places_are_noticed(tmp_path):
    """Digests of the same names, but who uses which has changed."""
    for name, one, two in (("a", 1, 2), ("b", 2, 1)):
        (tmp_path / f"{name}.py").write_text(
            f"class X:\n    value = {one}\n\nclass Y:\n    value = {two}\n\n"
            f"def left():\n    return X\n\ndef right():\n    return Y\n\n"
            "def made():\n    return left(), right()\n"
        )
        code_digest.register(f"user_{name}", tmp_path / f"{name}.py")
    assert code_digest.code_key("user_a", "made") != code_digest.code_key("user_b", "made")


def test_status_finds_nothing_to_do_after_a_move(tmp_path):
    package = copy_package(tmp_path / "package")
    folder = tmp_path / "project"
    write_images(folder / "images")
    (folder / "strata.toml").write_text(
        '[data]\nsource = "images"\nnear_duplicates = false\n[protocol]\nfolds = 2\ntest = 0\n'
        '[methods.gist]\nreduction.use = "pca"\nclassifier.use = "knn"\n'
    )

    def run(*arguments: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(package.parent)}
        command = [sys.executable, "-m", "strata", *arguments]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("make", "-j", "1")
    moved = {
        "strata.features.descriptors.gist": "strata.features.descriptors.spatial_envelope",
        "strata.pipeline.stages.classifiers": "strata.pipeline.stages.vector_classifiers",
        "strata.seeds": "strata.random_seeds",
    }
    move(package, moved)
    assert not (package / "features" / "descriptors" / "gist.py").exists()
    assert "0 of" in run("status")
    assert "up to date" in run("status")
    assert "Nothing to be done" in run("make", "-j", "1")
