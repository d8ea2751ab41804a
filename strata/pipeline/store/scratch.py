"""Folders and files of the store that are being written, and removal of those left behind."""

import hashlib
import os
import shutil
import socket
import time
import uuid
from contextlib import suppress
from functools import cache
from pathlib import Path

AFFECTS_RESULTS = False  # how artifacts are written, not what is in them

#: Seconds without a change after which an unfinished folder or file counts as left behind, whoever
#: was writing it.
ABANDONED = 86_400.0
#: Folders below the store's root in which files are written aside and renamed.
_WRITTEN_ASIDE = (".", "data", "data/reports", "data/runs", "checkpoints", "progress")


def scratch_path(writing: Path) -> Path:
    """Unused path in `writing` that `sweep` can assign to this process."""
    return writing / f"{_pid_namespace()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


def sweep(root: Path, *, older_than: float = ABANDONED) -> None:
    """Remove what killed processes left half-written in a store.

    Folders in `writing` go as soon as their process is gone, if its number means the same process
    to this one; everything else once it has not changed for so many seconds.

    Args:
        root: the store.
        older_than: seconds; 0 where no other run is using the store.
    """
    for folder in (root / "writing").glob("*-*-*"):
        namespace, pid, _ = folder.name.rsplit("-", 2)
        dead = namespace == _pid_namespace() and pid.isdigit() and not _alive(int(pid))
        if dead or _age(folder) > older_than:
            shutil.rmtree(folder, ignore_errors=True)
    for place in _WRITTEN_ASIDE:
        for pattern in (".*.*[0-9]", "*.tmp"):  # of `write_atomic`, and of checkpoints
            for file in (root / place).glob(pattern):
                if file.is_file() and _age(file) > older_than:
                    with suppress(OSError):
                        file.unlink()


def _age(path: Path) -> float:
    """Seconds since a file or folder was last changed; 0 if it is gone."""
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0


@cache
def _pid_namespace() -> str:
    """Identifies the processes among which a process number is unique: 12 hex digits.

    Host names do not: containers, and hosts that share a disk, may have the same.
    """
    known = [socket.gethostname()]
    with suppress(OSError):  # Linux
        known.append(Path("/proc/sys/kernel/random/boot_id").read_text())
        known.append(str(os.stat("/proc/self/ns/pid").st_ino))
    return hashlib.sha256("\0".join(known).encode(errors="surrogateescape")).hexdigest()[:12]


def _alive(pid: int) -> bool:
    """Test whether a process of this namespace exists."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
