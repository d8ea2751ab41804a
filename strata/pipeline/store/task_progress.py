"""Progress and checkpoint of the running task, in files that the parent process reads."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

AFFECTS_RESULTS = False  # a result does not depend on who watches


class TaskProgress(NamedTuple):
    """Steps done by a running stage, of a total."""

    done: int
    total: int

    @property
    def share(self) -> float:
        """Steps done over their total, in [0, 1]."""
        return self.done / max(1, self.total)


@dataclass
class _Running:
    progress: Path
    checkpoint: Path
    reported: float = 0.0


_current: _Running | None = None


def report_progress(done: int, total: int) -> None:
    """Report steps done of the running stage; cheap enough for every epoch or image."""
    now = time.monotonic()
    if _current is None or now - _current.reported < 0.3:
        return
    _current.reported = now
    try:
        _current.progress.write_text(f"{done} {total}")
    except OSError:  # progress is not worth a failure
        pass


def checkpoint_path() -> Path | None:
    """File for the state from which a killed stage goes on, or None outside of a run.

    It belongs to the artifact's key and is removed when the artifact is in the store.
    """
    return _current.checkpoint if _current else None


@contextmanager
def running(root: Path, key: str) -> Iterator[None]:
    """Context in which progress and checkpoint belong to the artifact of this key."""
    global _current
    for folder in ("progress", "checkpoints"):
        (root / folder).mkdir(exist_ok=True)
    _current = _Running(root / "progress" / key, root / "checkpoints" / key)
    _current.progress.unlink(missing_ok=True)  # of a process that was killed
    try:
        yield
    finally:
        _current.progress.unlink(missing_ok=True)
        _current = None


def forget_checkpoint(root: Path, key: str) -> None:
    """Remove the checkpoint of an artifact that is in the store."""
    (root / "checkpoints" / key).unlink(missing_ok=True)


def checkpoints(root: Path) -> list[str]:
    """Keys of the artifacts that have a checkpoint."""
    return sorted(p.name for p in (root / "checkpoints").glob("*") if p.suffix != ".tmp")


def read_progress(root: Path, key: str) -> TaskProgress | None:
    """Progress of a running stage, None if it reports none."""
    try:
        done, total = (root / "progress" / key).read_text().split()
        return TaskProgress(int(done), int(total))
    except (OSError, ValueError):
        return None
