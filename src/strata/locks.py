"""Locks between processes, released by the system when their holder ends, however it ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # not a POSIX system: the store's atomic renames must do
    fcntl = None  # type: ignore[assignment]


@contextmanager
def file_lock(path: Path, *, shared: bool = False, wait: bool = True) -> Iterator[None]:
    """Hold an advisory lock on a file.

    Args:
        path: the lock file; made where missing, never removed.
        shared: several holders at once, but none that is not shared.
        wait: until it is free.

    Raises:
        BlockingIOError: it is held and `wait` is false.
    """
    with open(path, "ab") as file:
        if fcntl:
            mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
            try:
                fcntl.flock(file, mode | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                raise
            except OSError:  # a file system without locks
                pass
        yield
