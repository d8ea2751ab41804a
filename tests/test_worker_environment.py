import os
import subprocess
import sys

import pytest

from strata import _worker_environment as environments


def test_workers_keep_freed_memory_unless_the_user_decides_otherwise(monkeypatch):
    monkeypatch.delenv("MALLOC_MMAP_THRESHOLD_", raising=False)
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "5")
    environment = environments.worker_environment()
    assert environment["MALLOC_TRIM_THRESHOLD_"] == "5"
    kept = environments.KEPT_MEMORY["MALLOC_MMAP_THRESHOLD_"]
    assert environment["MALLOC_MMAP_THRESHOLD_"] == kept
    assert environment["OMP_NUM_THREADS"] == "1"


@pytest.mark.parametrize(
    ("libc", "largest"),
    [("glibc 2.9", 25), ("glibc 2.35", 25), ("glibc 2.36", 28), ("glibc 3.0", 28), ("", 25)],
)
def test_glibc_is_asked_to_keep_what_it_does_not_refuse(libc, largest):
    assert environments._largest_kept(libc) == 2**largest


ALLOCATE = """
import ctypes
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
place = libc.malloc({size})
(heap,) = (line for line in open("/proc/self/maps") if "[heap]" in line)
first, last = (int(bound, 16) for bound in heap.split()[0].split("-"))
print(first <= place < last)
"""


@pytest.mark.skipif(not environments._libc(), reason="needs glibc")
def test_this_glibc_takes_the_threshold():
    size = int(environments.KEPT_MEMORY["MALLOC_MMAP_THRESHOLD_"]) // 2
    environment = {**os.environ, **environments.KEPT_MEMORY}
    run = [sys.executable, "-c", ALLOCATE.format(size=size)]
    done = subprocess.run(run, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
