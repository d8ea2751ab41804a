"""Estimated time left of running tasks, from the progress that they report."""

from collections import deque

from strata.pipeline.store.task_progress import TaskProgress
from strata.reports.formatting import brief, duration

#: Progress reports of a running task that its rate is computed from, the latest ones.
RECENT = 4


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
