"""How loops are compiled with numba: once for each machine where a cache can be written."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numba
from numba.core.caching import FunctionCache

from strata.digest import file_digest

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
        made = numba.njit(cache=True, **OPTIONS)(function)
        made._cache = _Cache(function)
    except RuntimeError:  # numba's word for "no place for a cache"
        return numba.njit(**OPTIONS)(function)
    return made


def inlined(function: Callable) -> Any:
    """`function` as a part of the compiled functions that call it, and of nothing else."""
    return numba.njit(forceinline=True, **OPTIONS)(function)


class _Cache(FunctionCache):
    """Which numba's own is not: aware of edits to the other files that a function is made of."""

    def __init__(self, function: Callable) -> None:
        super().__init__(function)
        self._function = function

    def _index_key(self, *given: Any) -> tuple:
        files = sorted(_files(self._function, set()))
        return (*super()._index_key(*given), tuple(map(file_digest, files)))


def _files(function: Callable, seen: set[Callable]) -> set[Path]:
    """The files of a function and of all that it calls."""
    seen.add(function)
    code, known = function.__code__, function.__globals__
    files = {Path(code.co_filename)}
    for name in code.co_names:
        used = known.get(name)
        if isinstance(used, ModuleType) and used.__name__.partition(".")[0] == "strata":
            files.add(Path(str(used.__file__)))
        inner = getattr(used, "py_func", getattr(used, "_defn", None))  # inlined; intrinsic
        if inner is not None and inner not in seen:
            files |= _files(inner, seen)
    return files
