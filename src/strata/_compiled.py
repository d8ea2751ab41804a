"""How loops are compiled with numba: once for each machine where a cache can be written."""

from collections.abc import Callable
from typing import Any

import numba

OPTIONS: dict[str, Any] = {"fastmath": True, "error_model": "numpy", "nogil": True}


def compiled(function: Callable) -> Any:
    """`function` compiled on its first call, from the cache where it has been compiled before.

    numba keeps the cache beside the source, else in the user's cache folder (or where
    NUMBA_CACHE_DIR says). Where neither can be written, each process compiles for itself.

    A compiled function calls `inlined` ones only. Of a compiled one that it called there would
    be two versions, compiled alone and within the caller, which round differently: the process
    that compiles would run the first, one that loads the caller from the cache the second.
    """
    try:
        return numba.njit(cache=True, **OPTIONS)(function)
    except RuntimeError:  # numba's word for "no place for a cache"
        return numba.njit(**OPTIONS)(function)


def inlined(function: Callable) -> Any:
    """`function` as a part of the compiled functions that call it, and of nothing else."""
    return numba.njit(forceinline=True, **OPTIONS)(function)
