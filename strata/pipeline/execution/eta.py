"""Estimated time left: durations of stages in earlier runs, and rates of running tasks."""

import json
from collections import deque
from pathlib import Path

from strata.files import write_atomic
from strata.pipeline.store.task_progress import TaskProgress
from strata.reports.formatting import brief, duration

#: Progress reports of a running task that its rate is computed from, the latest ones.
RECENT = 4
#: Weight of the latest run in the moving average of a stage's duration.
WEIGHT = 0.3


class Estimates:
    """Duration of each stage in seconds, a moving average over runs, kept in a JSON file.

    Per method and stage, and per stage over all methods.

    Args:
        path: the file; missing or unreadable, it counts as empty.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._seconds: dict[str, float] = json.loads(path.read_text())
        except (OSError, ValueError):
            self._seconds = {}

    def of(self, stage: str, method: str = "") -> float:
        """Seconds that a stage takes: in this method if it has run there, else in any method.

        The median over all known stages stands in for a stage that has never run.
        """
        known = sorted(self._seconds.values()) or [1.0]
        in_any = self._seconds.get(stage, known[(len(known) - 1) // 2])
        return self._seconds.get(_in_method(stage, method), in_any)

    def knows(self, stage: str) -> bool:
        """True if the stage has been timed, in this run or an earlier one."""
        return stage in self._seconds

    def record(self, stage: str, seconds: float, method: str = "") -> None:
        """Add a measured duration; later ones weigh more, for data and parameters change."""
        for name in (stage, _in_method(stage, method)):
            old = self._seconds.get(name, seconds)
            self._seconds[name] = (1 - WEIGHT) * old + WEIGHT * seconds

    def save(self) -> None:
        """Write the file. A failure to write is ignored: estimates are not worth an error."""
        try:
            write_atomic(self._path, json.dumps(self._seconds))
        except OSError:
            pass


def _in_method(stage: str, method: str) -> str:
    return f"{method}: {stage}"


def time_left(seconds: float, complete: bool) -> str:
    """Time left as text: "12 s", or "more than 12 s" if some stages have never been timed.

    Args:
        seconds: time left of the stages that have been timed.
        complete: whether these are all stages.

    Returns:
        "" if nothing can be said: not all are timed, and those that are need less than a second.
    """
    if complete:
        return rounded_duration(seconds)
    return f"more than {rounded_duration(seconds)}" if seconds >= 1 else ""


def rounded_duration(seconds: float) -> str:
    """Duration rounded to a second, below ten seconds to a tenth: "0.4 s", "12 s", "3 min 5 s"."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    return brief(duration(round(seconds)))


class TaskEta:
    """Progress and estimated time left of one running task.

    The rate comes from the latest steps observed in this run: a training that resumes from a
    checkpoint starts in the middle, and one in phases changes its speed.

    Attributes:
        progress: the latest report of the task; None if it has made none.
    """

    def __init__(self) -> None:
        self.progress: TaskProgress | None = None
        self._recent: deque[tuple[float, int]] = deque(maxlen=RECENT)

    def update(self, progress: TaskProgress | None, now: float) -> None:
        """Record a report read at a time in seconds; None and repeated reports are ignored."""
        if progress is not None and progress != self.progress:
            self.progress = progress
            self._recent.append((now, progress.done))

    @property
    def seconds_per_step(self) -> float | None:
        """Seconds per step; None until two different steps have been reported."""
        if not self._recent:
            return None
        (first, before), (last, done) = self._recent[0], self._recent[-1]
        return (last - first) / (done - before) if done > before else None

    @property
    def total_seconds(self) -> float | None:
        """Seconds of the whole task at this rate; None while the rate is unknown."""
        step = self.seconds_per_step
        return None if step is None or self.progress is None else step * self.progress.total

    def seconds_left(self, now: float, expected: float) -> float:
        """Estimated seconds until the task is done.

        Args:
            now: the time in seconds.
            expected: total duration to assume while the rate is unknown.
        """
        step = self.seconds_per_step
        if self.progress is None:
            return expected
        if step is None:
            return (1 - self.progress.share) * expected
        since_report = now - self._recent[-1][0]
        return max(0.0, step * (self.progress.total - self.progress.done) - since_report)
