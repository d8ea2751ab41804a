"""How long stages take: what earlier runs taught, and what running ones tell of themselves."""

import json
from collections import deque
from pathlib import Path

from strata.files import write_atomic
from strata.pipeline.store.task_progress import TaskProgress

#: Times that a stage told how far it is which its speed comes from.
RECENT = 4


class Estimates:
    """Seconds that each stage takes, learned from run to run: of a method, and of any."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._seconds: dict[str, float] = json.loads(path.read_text())
        except (OSError, ValueError):
            self._seconds = {}

    def of(self, stage: str, method: str = "") -> float:
        """As of the same method where it has run, else as of any.

        A stage never seen is taken to be like the one in the middle.
        """
        known = sorted(self._seconds.values()) or [1.0]
        of_any = self._seconds.get(stage, known[(len(known) - 1) // 2])
        return self._seconds.get(_of_method(stage, method), of_any)

    def knows(self, stage: str) -> bool:
        """Whether an earlier run, or this one, has seen the stage end."""
        return stage in self._seconds

    def learn(self, stage: str, seconds: float, method: str = "") -> None:
        """Later runs count more: data and parameters change."""
        for name in (stage, _of_method(stage, method)):
            old = self._seconds.get(name, seconds)
            self._seconds[name] = 0.7 * old + 0.3 * seconds

    def save(self) -> None:
        """Best effort: an estimate is not worth a failure."""
        try:
            write_atomic(self._path, json.dumps(self._seconds))
        except OSError:
            pass


def _of_method(stage: str, method: str) -> str:
    return f"{method}: {stage}"


def left_in_words(timed: float, whole: bool) -> str:
    """ "12 s", or "more than 12 s" where stages that nobody has timed come on top.

    Args:
        timed: seconds that the stages need which have been timed.
        whole: whether these are all.

    Returns:
        "" where none of them has been timed, or next to nothing of it is left.
    """
    if whole:
        return duration(timed)
    return f"more than {duration(timed)}" if timed >= 1 else ""


def duration(seconds: float) -> str:
    """ "0.4 s", "12 s", "3 min 05 s", "2 h 10 min"."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


class Pace:
    """One running stage: how far it is, and how long a step takes.

    Only what is seen counts towards the speed, and of that the last steps: a training that goes on
    from a checkpoint starts in the middle, and one in phases changes its speed.
    """

    def __init__(self) -> None:
        self.told: TaskProgress | None = None
        self._heard: deque[tuple[float, int]] = deque(maxlen=RECENT)

    def hear(self, report_progress: TaskProgress | None, now: float) -> None:
        """Take note of what the stage tells at a time in seconds; None where it tells nothing."""
        if report_progress is not None and report_progress != self.told:
            self.told = report_progress
            self._heard.append((now, report_progress.done))

    @property
    def step_seconds(self) -> float | None:
        """Seconds that a step takes; None before two were seen."""
        if not self._heard:
            return None
        (first, before), (last, done) = self._heard[0], self._heard[-1]
        return (last - first) / (done - before) if done > before else None

    @property
    def whole_seconds(self) -> float | None:
        """Seconds that the whole stage takes at this speed."""
        step = self.step_seconds
        return None if step is None or self.told is None else step * self.told.total

    def seconds_left(self, now: float, whole: float) -> float:
        """Seconds until it is done.

        Args:
            now: the time in seconds.
            whole: what the stage is taken to need where it has not told its speed yet.
        """
        share = self.told.share if self.told else 0.0
        step = self.step_seconds
        if step is None or self.told is None:
            return (1 - share) * whole
        return max(0.0, step * (self.told.total - self.told.done) - (now - self._heard[-1][0]))
