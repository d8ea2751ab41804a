"""Which BLAS kernels numpy's OpenBLAS uses, and how many threads the array libraries take."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

AFFECTS_RESULTS = False  # the same result with any number of threads

Part = TypeVar("Part")
Result = TypeVar("Result")

#: Environment of a worker process: one thread to a call of a library, so that `-j` never changes a
#: result. What we split ourselves, `in_threads`, gives the same with any number of them.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
}

#: How many threads this process may work with.
_allowed = 1


def allow_threads(count: int) -> None:
    """From now on `in_threads` uses so many."""
    global _allowed
    _allowed = count


def in_threads(function: Callable[[Part], Result], parts: Iterable[Part]) -> Iterator[Result]:
    """Yield `function(part)` for each part, in order, on the threads that are allowed.

    Worth it where the work lets go of the interpreter: compiled loops and matrix products. What the
    parts are must not depend on the number of threads; then neither does the result.
    """
    parts = list(parts)
    if _allowed <= 1 or len(parts) <= 1:
        yield from map(function, parts)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(_allowed, len(parts))) as pool:
        yield from pool.map(function, parts)


def choose_blas_kernels() -> None:
    """Ask OpenBLAS for its AVX-512 kernels where the processor has them.

    The wheels' OpenBLAS takes AVX2 kernels on some AVX-512 processors, at half the speed
    (docs/performance.md). It reads the variable once, when numpy is first imported, so this is a
    no-op afterwards; a value that the user has set stays.
    """
    if "numpy" in sys.modules or "OPENBLAS_CORETYPE" in os.environ:
        return
    try:
        flags = Path("/proc/cpuinfo").read_text().partition("flags")[2].partition("\n")[0].split()
    except OSError:
        return
    if {"avx512f", "avx512dq", "avx512bw", "avx512vl"} <= set(flags):
        os.environ["OPENBLAS_CORETYPE"] = "SkylakeX"
