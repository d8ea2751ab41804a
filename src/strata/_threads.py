"""Which BLAS kernels numpy's OpenBLAS uses, and how many threads the array libraries take."""

import os
import sys
from pathlib import Path

#: Environment of a worker process: one thread each, so that `-j` never changes a result.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
}


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
