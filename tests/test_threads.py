"""Threads within a stage: as many as are allowed, and the same result with any number."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata import _threads
from strata._threads import allow_threads, in_threads
from strata.features import _posteriors, assignment
from strata.features.assignment import nearest_words
from strata.features.mixture import DiagonalMixture


@pytest.fixture(autouse=True)
def _one_again():
    yield
    allow_threads(1)


@given(st.integers(1, 5), st.lists(st.integers(), max_size=9))
def test_results_come_in_order(count, parts):
    allow_threads(count)
    assert list(in_threads(lambda x: x + 1, parts)) == [x + 1 for x in parts]


def test_parts_run_side_by_side_where_that_is_allowed():
    meet = threading.Barrier(3, timeout=30)
    allow_threads(3)
    assert sorted(in_threads(lambda part: meet.wait(), range(3))) == [0, 1, 2]
    allow_threads(1)
    assert set(in_threads(lambda part: threading.current_thread(), range(3))) == {
        threading.current_thread()
    }


def test_an_error_in_a_thread_is_the_callers():
    allow_threads(2)
    with pytest.raises(ZeroDivisionError):
        list(in_threads(lambda x: 1 / x, [1, 0, 2]))


@pytest.mark.parametrize("count", [2, 3])
def test_mixtures_and_words_are_the_same_bit_for_bit(monkeypatch, count):
    monkeypatch.setattr(_posteriors, "_PART", 2 * _posteriors._BLOCK)
    monkeypatch.setattr(assignment, "_PART", 2 * assignment._BLOCK)
    X = np.random.default_rng(0).normal(size=(5000, 7)).astype(np.float32)
    found = []
    for threads in (1, count):
        allow_threads(threads)
        mixture = DiagonalMixture(5, iterations=4).fit(X)
        found.append((mixture.means_, mixture.variances_, nearest_words(X, X[:40])))
    assert _threads._allowed == count
    for one, several in zip(*found, strict=True):
        np.testing.assert_array_equal(one, several)


def test_workers_keep_freed_memory_unless_the_user_decides_otherwise(monkeypatch):
    monkeypatch.delenv("MALLOC_MMAP_THRESHOLD_", raising=False)
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "5")
    environment = _threads.worker_environment()
    assert environment["MALLOC_TRIM_THRESHOLD_"] == "5"
    kept = _threads.KEPT_MEMORY["MALLOC_MMAP_THRESHOLD_"]
    assert environment["MALLOC_MMAP_THRESHOLD_"] == kept
    assert environment["OMP_NUM_THREADS"] == "1"


@pytest.mark.parametrize(
    ("libc", "largest"),
    [("glibc 2.9", 25), ("glibc 2.35", 25), ("glibc 2.36", 28), ("glibc 3.0", 28), ("", 25)],
)
def test_glibc_is_asked_to_keep_what_it_does_not_refuse(libc, largest):
    assert _threads._largest_kept(libc) == 2**largest


ALLOCATE = """
import ctypes
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
place = libc.malloc({size})
(heap,) = (line for line in open("/proc/self/maps") if "[heap]" in line)
first, last = (int(bound, 16) for bound in heap.split()[0].split("-"))
print(first <= place < last)
"""


@pytest.mark.skipif(not _threads._libc(), reason="needs glibc")
def test_this_glibc_takes_the_threshold():
    size = int(_threads.KEPT_MEMORY["MALLOC_MMAP_THRESHOLD_"]) // 2
    environment = {**os.environ, **_threads.KEPT_MEMORY}
    run = [sys.executable, "-c", ALLOCATE.format(size=size)]
    done = subprocess.run(run, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
