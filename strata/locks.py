"""Advisory file locks between processes; the system releases them when the holder ends."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

AFFECTS_RESULTS = False  # who waits for whom

try:
    import fcntl
except ImportError:  # not POSIX: rely on the store's atomic renames
    fcntl = None  # type: ignore[assignment]


@contextmanager
def file_lock(path: Path, *, shared: bool = False, wait: bool = True) -> Iterator[bool]:
    """Hold an advisory lock on a file; yield False where the file system has no locks.

    Args:
        path: the lock file; created if missing, never removed.
        shared: hold a shared lock, which excludes exclusive ones only; a read-only file suffices.
        wait: block until the lock is free.

    Raises:
        BlockingIOError: the lock is held elsewhere and `wait` is false.
        OSError: the file can neither be created nor opened.
    """
    with _opened(path, shared=shared) as file:
        yield _lock(file, shared=shared, wait=wait)


def _opened(path: Path, *, shared: bool) -> IO[bytes]:
    try:
        return open(path, "ab")
    except OSError:
        if not shared:
            raise
        return open(path, "rb")


@contextmanager
def self_removing_lock(path: Path) -> Iterator[None]:
    """Hold an exclusive advisory lock on a file that is removed on release.

    For one lock per artifact, which would otherwise leave many files behind. The file of a killed
    process is removed by the next holder.
    """
    while True:
        with open(path, "ab") as file:
            _lock(file)
            if not _is_same_file(file, path):
                continue  # the previous holder removed the file while this one waited
            try:
                yield
            finally:
                with suppress(OSError):
                    path.unlink()
            return


def _lock(file: IO[bytes], *, shared: bool = False, wait: bool = True) -> bool:
    """Lock a file; return False where that is not possible."""
    if not fcntl:
        return False
    mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(file, mode | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        raise
    except OSError:  # the file system has no locks
        return False
    return True


def _is_same_file(file: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
