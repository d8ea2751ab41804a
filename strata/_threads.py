"""Threads of the array libraries, threads within a stage, and the choice of OpenBLAS kernels."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

AFFECTS_RESULTS = False  # the same result with any number of threads

Part = TypeVar("Part")
Result = TypeVar("Result")

#: Environment of a worker process: library calls use one thread, so that `-j` never changes a
#: result. Work that `in_threads` splits gives the same result with any number of threads.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
}

#: Number of threads that `in_threads` may use in this process.
_allowed = 1


def allow_threads(count: int) -> None:
    """Set the number of threads that `in_threads` uses from now on."""
    global _allowed
    _allowed = count


def in_threads(function: Callable[[Part], Result], parts: Iterable[Part]) -> Iterator[Result]:
    """Yield `function(part)` for each part, in order, computed on the allowed threads.

    Worth it where the work releases the GIL: compiled loops and matrix products. Parts must be cut
    independently of the number of threads; then the result is independent of it too.
    """
    parts = list(parts)
    if _allowed <= 1 or len(parts) <= 1:
        yield from map(function, parts)
        return
    with ThreadPoolExecutor(min(_allowed, len(parts))) as pool:
        yield from pool.map(function, parts)


def choose_blas_kernels() -> None:
    """Ask OpenBLAS for its AVX-512 kernels where the processor has AVX-512.

    The OpenBLAS in NumPy's wheels takes AVX2 kernels on some AVX-512 processors, at half the speed
    (docs/performance.md). It reads OPENBLAS_CORETYPE once, when numpy is first imported, so a later
    call does nothing; a value that the user has set stays.
    """
    if "numpy" in sys.modules or "OPENBLAS_CORETYPE" in os.environ:
        return
    try:
        flags = Path("/proc/cpuinfo").read_text().partition("flags")[2].partition("\n")[0].split()
    except OSError:
        return
    if {"avx512f", "avx512dq", "avx512bw", "avx512vl"} <= set(flags):
        os.environ["OPENBLAS_CORETYPE"] = "SkylakeX"
