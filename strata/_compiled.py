"""Decorators for loops that numba compiles, with plain NumPy in their place on request.

The environment variable STRATA_KERNELS decides, once, when this module is imported: "numba" (the
default) compiles; "numpy" never imports numba and runs the NumPy version of each kernel.
"""

import os
from collections.abc import Callable
from functools import partial
from typing import Any

from strata.errors import InputError

VARIABLE = "STRATA_KERNELS"
CHOICES = ("numba", "numpy")


def chosen_kernels() -> str:
    """The value of STRATA_KERNELS, "numba" where it is not set.

    Raises:
        InputError: it is neither "numba" nor "numpy".
    """
    value = os.environ.get(VARIABLE) or "numba"
    if value not in CHOICES:
        raise InputError(
            f"The environment variable {VARIABLE} is '{value}', but it is 'numba' (compiled "
            "kernels) or 'numpy' (plain NumPy).",
            f"Set {VARIABLE} to one of them, or unset it for numba.",
        )
    return value


#: "numba" or "numpy", for the whole process.
KERNELS = chosen_kernels()

#: Options of `numba.njit` for every compiled function.
OPTIONS: dict[str, Any] = {"fastmath": True, "error_model": "numpy", "nogil": True}


def compiled(function: Callable | None = None, *, numpy: Callable | None = None) -> Any:
    """Decorator: compile a function on its first call, or load it from numba's cache.

    numba keeps the cache beside the source, else in the user's cache folder (or where
    NUMBA_CACHE_DIR says). Where neither can be written, each process compiles for itself.

    A compiled function may call `inlined` ones only. Another compiled function would exist in two
    versions, on its own and within its caller, which round differently: the process that compiles
    would run the first, one that loads the caller from the cache the second.

    Args:
        function: the loop.
        numpy: what runs in its place with STRATA_KERNELS=numpy, same arguments and results; the
            loop itself, uncompiled, if None.
    """
    if function is None:
        return partial(compiled, numpy=numpy)
    if KERNELS == "numpy":
        return numpy or function
    import numba

    from strata._numba_cache import SourceAwareCache

    try:
        dispatcher = numba.njit(cache=True, **OPTIONS)(function)
        dispatcher._cache = SourceAwareCache(function, OPTIONS)
    except RuntimeError:  # raised by numba where no folder for a cache can be written
        return numba.njit(**OPTIONS)(function)
    return dispatcher


def inlined(function: Callable) -> Any:
    """Decorator: make a function part of the compiled functions that call it, never a call."""
    if KERNELS == "numpy":
        return function
    import numba

    return numba.njit(forceinline=True, **OPTIONS)(function)
