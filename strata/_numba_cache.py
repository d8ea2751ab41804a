"""numba's on-disk cache, made aware of edits to everything that a function is compiled from.

numba's own index knows the time stamp of the one source file; inlined functions, intrinsics and
constants from other modules become part of the machine code as well. And numba runs what it finds:
here, each file ends with a checksum, and one that does not match is compiled again.
"""

import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np
from numba.core.caching import FunctionCache, IndexDataCacheFile

from strata.digest import file_digest

_DIGEST_BYTES = 32  # of a sha256


class CheckedCacheFile(IndexDataCacheFile):
    """Index and data files of one function, with checksums; damaged ones count as absent.

    The machine code is kept together with its key, so that an index which a killed process has
    written before the data cannot lead to the code of an earlier version.
    """

    def save(self, key: Any, data: Any) -> None:
        """Write an entry, and the index where it is new."""
        super().save(key, (key, data))

    def load(self, key: Any) -> Any:
        """The entry of a key; None if there is none."""
        kept = super().load(key)
        return kept[1] if kept and kept[0] == key else None

    def _load_index(self) -> dict[Any, str]:
        return super()._load_index() if _is_whole(Path(self._index_path)) else {}

    def _load_data(self, name: str) -> Any:
        if not _is_whole(Path(self._data_path(name))):
            raise OSError(f"{name} is damaged")  # for `load`, which takes it for absent
        return super()._load_data(name)

    @contextmanager
    def _open_for_write(self, filepath: str) -> Iterator[io.BytesIO]:
        buffer = io.BytesIO()
        yield buffer
        content = buffer.getvalue()
        with super()._open_for_write(filepath) as file:
            file.write(content + hashlib.sha256(content).digest())  # unpickling stops before it


def _is_whole(path: Path) -> bool:
    """Test whether a file ends with the checksum of what comes before."""
    try:
        data = path.read_bytes()
    except OSError:
        return False
    content, digest = data[:-_DIGEST_BYTES], data[-_DIGEST_BYTES:]
    return hashlib.sha256(content).digest() == digest


class SourceAwareCache(FunctionCache):
    """Cache whose keys hold the digests of all source files and constants of a function.

    Args:
        function: the Python function that is compiled.
        options: of `numba.njit`; other values compile again.
    """

    def __init__(self, function: Callable, options: dict[str, Any]) -> None:
        super().__init__(function)
        self._cache_file = CheckedCacheFile(
            self._cache_path, self._impl.filename_base, self._impl.locator.get_source_stamp()
        )
        self._function = function
        self._options = options

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled code from the cache, or None; an index that cannot be read is emptied."""
        try:
            return super().load_overload(sig, target_context)
        except (AttributeError, ImportError):  # it names the type of an argument since renamed
            with suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep compiled code; on a full or read-only disk, each process compiles for itself."""
        with suppress(OSError):
            super().save_overload(sig, data)

    def _index_key(self, *given: Any) -> tuple:
        functions = reachable_functions(self._function)
        digests = sorted({file_digest(Path(f.__code__.co_filename)) for f in functions})
        constants = sorted({constant for f in functions for constant in _constants(f)})
        options = sorted(self._options.items())
        return (*super()._index_key(*given), tuple(digests), tuple(constants), tuple(options))


def reachable_functions(function: Callable) -> set[Any]:
    """The function and all of the project that it calls: inlined functions, intrinsics, helpers."""
    found: set[Any] = set()
    waiting: list[Any] = [function]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting += _called_functions(current)
    return found


def _called_functions(function: Callable) -> list[Any]:
    """The Python functions of the project behind a function's global names."""
    called = []
    for value in _used_globals(function).values():
        inner = getattr(value, "py_func", getattr(value, "_defn", value))  # dispatcher; intrinsic
        ours = inner is not value or getattr(value, "__module__", "").startswith("strata.")
        if ours and isinstance(inner, FunctionType):
            called.append(inner)
    return called


def _constants(function: Callable) -> set[tuple[str, str]]:
    """Names and values of plain constants that are frozen into the compiled code."""
    plain = (int, float, str, tuple, np.generic)
    return {(n, repr(v)) for n, v in _used_globals(function).items() if isinstance(v, plain)}


def _used_globals(function: Any) -> dict[str, Any]:
    """Values of a function's global names, and of attributes of the project's modules in it."""
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
    """Global names and attributes in a code object and in those nested in it."""
    nested = (_names(inner) for inner in code.co_consts if isinstance(inner, CodeType))
    return set(code.co_names).union(*nested)
