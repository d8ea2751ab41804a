"""How loops are compiled with numba: once for each machine where a cache can be written."""

from collections.abc import Callable
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numba
import numpy as np
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
    """Which numba's own is not: aware of edits to all that a function is made of."""

    def __init__(self, function: Callable) -> None:
        super().__init__(function)
        self._function = function

    def _index_key(self, *given: Any) -> tuple:
        made_of = _reached(self._function, set())
        digests = sorted({file_digest(Path(part.__code__.co_filename)) for part in made_of})
        constants = sorted({constant for part in made_of for constant in _constants(part)})
        options = sorted(OPTIONS.items())
        return (*super()._index_key(*given), tuple(digests), tuple(constants), tuple(options))


def _reached(function: Callable, seen: set[Any]) -> set[Any]:
    """A function and all of the project that it calls: inlined functions, intrinsics, helpers."""
    seen.add(function)
    for used in _used(function).values():
        inner = getattr(used, "py_func", getattr(used, "_defn", used))  # inlined; intrinsic
        ours = inner is not used or getattr(used, "__module__", "").startswith("strata.")
        if ours and isinstance(inner, FunctionType) and inner not in seen:
            _reached(inner, seen)
    return seen


def _constants(function: Callable) -> set[tuple[str, str]]:
    """Numbers, perhaps imported from elsewhere, that become a part of the compiled code."""
    plain = (int, float, str, tuple, np.generic)
    return {(n, repr(used)) for n, used in _used(function).items() if isinstance(used, plain)}


def _used(function: Any) -> dict[str, Any]:
    """What a function's global names stand for, and those it looks up in modules of the project."""
    names = _names(function.__code__)
    known = function.__globals__
    used = {name: known[name] for name in names if name in known}
    for module in list(used.values()):
        if isinstance(module, ModuleType) and module.__name__.startswith("strata."):
            used |= {
                f"{module.__name__}.{name}": vars(module)[name]
                for name in names
                if name in vars(module)
            }
    return used


def _names(code: CodeType) -> set[str]:
    """Global names and attributes in a function and in those within it."""
    within = (_names(inner) for inner in code.co_consts if isinstance(inner, CodeType))
    return set(code.co_names).union(*within)
