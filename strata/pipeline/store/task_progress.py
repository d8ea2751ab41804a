"""What a stage may tell, and keep, while it runs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


class Tick(NamedTuple):
    """How far a running stage is: steps done, of so many."""

    done: int
    total: int

    @property
    def share(self) -> float:
        """What is done, part of one."""
        return self.done / max(1, self.total)


@dataclass
class _Running:
    report_progress: Path
    checkpoint: Path
    told: float = 0.0


_current: _Running | None = None


def report_progress(done: int, total: int) -> None:
    """Tell how far the running stage is; cheap enough for every epoch or image."""
    now = time.monotonic()
    if _current is None or now - _current.told < 0.3:
        return
    _current.told = now
    try:
        _current.report_progress.write_text(f"{done} {total}")
    except OSError:  # progress is not worth a failure
        pass


def checkpoint_path() -> Path | None:
    """A file for what the running stage would need to go on after being killed.

    It belongs to the artifact's key and is removed when the artifact is in the store. None
    outside of a run.
    """
    return _current.checkpoint if _current else None


@contextmanager
def running(root: Path, key: str) -> Iterator[None]:
    """What is told inside is about the artifact of this key."""
    global _current
    for folder in ("ticks", "checkpoints"):
        (root / folder).mkdir(exist_ok=True)
    _current = _Running(root / "ticks" / key, root / "checkpoints" / key)
    try:
        yield
    finally:
        _current.report_progress.unlink(missing_ok=True)
        _current = None


def forget_checkpoint(root: Path, key: str) -> None:
    """The artifact is in the store: what was kept for going on is not needed."""
    (root / "checkpoints" / key).unlink(missing_ok=True)


def read_tick(root: Path, key: str) -> Tick | None:
    """How far a running stage is, None if it does not tell."""
    try:
        done, total = (root / "ticks" / key).read_text().split()
        return Tick(int(done), int(total))
    except (OSError, ValueError):
        return None
