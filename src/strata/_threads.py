"""Which BLAS kernels numpy's OpenBLAS uses, the threads and memory array libraries take."""

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

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


def _libc() -> str:
    """For example "glibc 2.36"; nothing where it is another one."""
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (AttributeError, ValueError, OSError):
        return ""


def _largest_kept(libc: str) -> int:
    """Bytes of the largest block that glibc can be asked to keep.

    Older ones refuse more than 32 MiB. As the other threshold is set, theirs would then stay at
    128 KiB, and every larger block would go back at once: slower than where nothing is asked.
    """
    version = re.match(r"glibc (\d+)\.(\d+)", libc)
    recent = version and (int(version[1]), int(version[2])) >= (2, 36)
    return 2**28 if recent else 2**25


#: Environment of a worker process, of which what the user has set stays: glibc keeps what is freed,
#: up to 1 GiB, for the next batch or image in place of asking Linux for pages and zeroing them
#: again, which takes a fifth of the time of a network (docs/performance.md).
KEPT_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(_largest_kept(_libc())),
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
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


def worker_environment() -> dict[str, str]:
    """What a worker process's environment has that this one's may not."""
    return {**ONE_THREAD, **{k: os.environ.get(k, v) for k, v in KEPT_MEMORY.items()}}


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
