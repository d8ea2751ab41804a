"""Locks between processes, released by the system when their holder ends, however it ends."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # not a POSIX system: the store's atomic renames must do
    fcntl = None  # type: ignore[assignment]


@contextmanager
def file_lock(path: Path, *, shared: bool = False, wait: bool = True) -> Iterator[None]:
    """Hold an advisory lock on a file.

    Args:
        path: the lock file; made where missing, never removed.
        shared: several holders at once, but none that is not shared; a file that can only be read
            will do.
        wait: until it is free.

    Raises:
        BlockingIOError: it is held and `wait` is false.
        OSError: the file can neither be made nor opened.
    """
    with _opened(path, shared=shared) as file:
        _lock(file, shared=shared, wait=wait)
        yield


def _opened(path: Path, *, shared: bool) -> IO[bytes]:
    try:
        return open(path, "ab")
    except OSError:
        if not shared:
            raise
        return open(path, "rb")


@contextmanager
def self_removing_lock(path: Path) -> Iterator[None]:
    """Hold an exclusive advisory lock on a file that goes with its last holder.

    For as many locks as there are artifacts: whoever had one no longer has a file. A process that
    is killed leaves its file to the next holder.
    """
    while True:
        with open(path, "ab") as file:
            _lock(file)
            if not _is_same_file(file, path):
                continue  # the holder before removed it while this one waited
            try:
                yield
            finally:
                with suppress(OSError):
                    path.unlink()
            return


def _lock(file: IO[bytes], *, shared: bool = False, wait: bool = True) -> None:
    if not fcntl:
        return
    mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(file, mode | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        raise
    except OSError:  # a file system without locks
        pass


def _is_same_file(file: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
