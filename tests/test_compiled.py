import ast
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import pytest

import strata
from strata import _compiled, _numba_cache

numba_kernels = pytest.mark.skipif(
    _compiled.KERNELS == "numpy", reason="about compiled functions, and STRATA_KERNELS is numpy"
)

DESCRIBE = """
import hashlib
import numpy as np
from strata.features.descriptors.dense_sift import DenseSIFT

image = np.random.default_rng(0).integers(0, 256, (150, 120, 3), np.uint8)
print(hashlib.sha256(DenseSIFT().describe(image).descriptors.tobytes()).hexdigest())
"""


def double(number: int) -> int:
    return 2 * number


@numba_kernels
def test_compiles_into_a_cache() -> None:
    function = _compiled.compiled(double)
    assert function(21) == 42
    assert sum(function.stats.cache_hits.values()) + sum(function.stats.cache_misses.values()) == 1


@numba_kernels
def test_compiles_without_a_place_for_a_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    real = numba.njit

    def njit(*given: Callable, cache: bool = False, **options: Any) -> Any:
        if cache:
            raise RuntimeError("cannot cache function 'double': no locator available")
        return real(*given, **options)

    monkeypatch.setattr(numba, "njit", njit)
    function = _compiled.compiled(double)
    assert function(21) == 42
    assert not function.stats.cache_hits


@numba_kernels
def test_the_run_that_compiles_gives_the_bits_of_those_that_load(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    first, second = (
        subprocess.run(
            [sys.executable, "-c", DESCRIBE],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for _ in range(2)
    )
    assert list(tmp_path.rglob("*.nbc"))
    assert first == second


INLINED = """
from strata._compiled import inlined

@inlined
def step(x):
    return x + {number}
"""

IMPORTED = """
from strata._compiled import inlined
from constant import NUMBER

@inlined
def step(x):
    return x + NUMBER
"""

OUTER = """
from inner import step
from strata._compiled import compiled

@compiled
def twice(x):
    return step(step(x))
"""


@numba_kernels
@pytest.mark.parametrize("inner", [INLINED, IMPORTED], ids=["function", "constant"])
def test_an_edit_of_an_inlined_function_compiles_again(tmp_path: Path, inner: str) -> None:
    (tmp_path / "outer.py").write_text(OUTER)
    found = []
    for number in (1, 10, 10):
        (tmp_path / "inner.py").write_text(inner.format(number=number))
        (tmp_path / "constant.py").write_text(f"NUMBER = {number}\n" + "#" * number)
        ask = "import outer; print(outer.twice(0), len(outer.twice.stats.cache_hits))"
        run = [sys.executable, "-c", ask]
        done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=True)
        found.append(done.stdout.split())
    assert found == [["2", "0"], ["20", "0"], ["20", "1"]]


@numba_kernels
def test_other_options_compile_again(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = _numba_cache.SourceAwareCache(double, _compiled.OPTIONS)
    context: Any = numba.njit(double).targetctx
    codegen = context.codegen()
    before = cache._index_key((), codegen)
    assert cache._index_key((), codegen) == before
    monkeypatch.setitem(_compiled.OPTIONS, "fastmath", False)
    assert cache._index_key((), codegen) != before


@numba_kernels
def test_a_function_is_made_of_inlined_functions_intrinsics_and_their_helpers() -> None:
    from strata.features._simd.gmm_posteriors import _add_sums
    from strata.features._simd.quadratic_forms import evaluate_quadratics

    names = {
        part.__name__ for part in _numba_cache.reachable_functions(evaluate_quadratics.py_func)
    }
    assert names == {
        "evaluate_quadratics",
        "_evaluate_four",
        "element_pointer",
        "load_vector",
        "add",
        "multiply",
    }
    names = {part.__name__ for part in _numba_cache.reachable_functions(_add_sums.py_func)}
    assert names > {"add_weighted_moments", "multiply", "_tile", "_pair_products", "append_above"}


def test_compiled_functions_call_inlined_ones_only() -> None:
    marked: dict[str, set[str]] = {"compiled": set(), "inlined": set()}
    called = set()
    for path in Path(strata.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            calls = [
                mark.func if isinstance(mark, ast.Call) else mark for mark in node.decorator_list
            ]
            marks = {mark.id for mark in calls if isinstance(mark, ast.Name)}
            for mark in marks & marked.keys():
                marked[mark].add(node.name)
                called |= {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}
    assert marked["inlined"] <= called
    assert marked["compiled"]
    assert not marked["compiled"] & called


ARGUMENT = """
from typing import NamedTuple
from strata._compiled import compiled

class {name}(NamedTuple):
    number: int

@compiled
def double(x):
    return 2 * x.number
"""


@numba_kernels
def test_a_cache_that_names_a_renamed_type_compiles_again(tmp_path: Path) -> None:
    found = []
    for name in ("Before", "Later", "Later"):
        (tmp_path / "inner.py").write_text(ARGUMENT.format(name=name))
        ask = f"import inner; print(inner.double(inner.{name}(3)), inner.double.stats.cache_hits)"
        run = [sys.executable, "-c", ask]
        done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=True)
        found.append(done.stdout.split()[0])
    assert found == ["6", "6", "6"]


TRIPLE = """
from strata._compiled import compiled

@compiled
def triple(x):
    return 3 * x
"""


def tripled(folder: Path) -> list[str]:
    """3 * 7 by a compiled function, and whether it was loaded from the cache."""
    ask = "import inner; print(inner.triple(7), len(inner.triple.stats.cache_hits))"
    run = [sys.executable, "-c", ask]
    return subprocess.run(
        run, cwd=folder, capture_output=True, text=True, check=True
    ).stdout.split()


@numba_kernels
def test_damaged_machine_code_is_compiled_again(tmp_path: Path) -> None:
    (tmp_path / "inner.py").write_text(TRIPLE)
    assert tripled(tmp_path) == ["21", "0"]
    assert tripled(tmp_path) == ["21", "1"]
    for suffix in ("nbi", "nbc"):
        (file,) = tmp_path.rglob(f"*.{suffix}")
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 4
        file.write_bytes(content)
        assert tripled(tmp_path) == ["21", "0"]
    assert tripled(tmp_path) == ["21", "1"]


@numba_kernels
def test_every_flipped_bit_of_the_cache_is_noticed(tmp_path: Path) -> None:
    cache = _numba_cache.CheckedCacheFile(str(tmp_path), "double", "stamp")
    cache.save("key", "machine code")
    assert cache.load("key") == "machine code"
    assert cache.load("other") is None
    flips = 0
    for file in sorted(tmp_path.iterdir()):
        whole = file.read_bytes()
        for bit in range(8 * len(whole)):
            content = bytearray(whole)
            content[bit // 8] ^= 1 << bit % 8
            file.write_bytes(content)
            assert cache.load("key") is None
            flips += 1
        file.write_bytes(whole)
    assert flips > 1000
    assert cache.load("key") == "machine code"


@numba_kernels
def test_code_of_another_key_is_not_run(tmp_path: Path) -> None:
    cache = _numba_cache.CheckedCacheFile(str(tmp_path), "double", "stamp")
    cache.save("before", "machine code of an earlier version")
    cache._save_index({"key": cache._data_name(1)})  # a process killed before it wrote the data
    assert cache.load("key") is None


@numba_kernels
def test_a_full_disk_of_the_cache_fails_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_numba_cache.CheckedCacheFile, "save", full)
    monkeypatch.setattr(_numba_cache.CheckedCacheFile, "load", lambda *_: None)
    assert _compiled.compiled(double)(21) == 42
