"""Progress of a run: a live bar with the time left on a terminal, plain lines elsewhere."""

import time
from collections import Counter
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from strata.errors import StrataError
from strata.pipeline.execution.eta import TaskEta, rounded_duration
from strata.pipeline.execution.plan import Plan
from strata.pipeline.execution.rates import RATES, Estimates, group_of
from strata.pipeline.execution.worker import TaskResult
from strata.pipeline.graph.stage import Node
from strata.pipeline.store.store import Store
from strata.pipeline.store.task_progress import read_progress

if TYPE_CHECKING:
    from rich.console import Console


#: Seconds without output after which plain output lists the running tasks.
SILENCE = 60.0
#: Seconds between two updates.
REFRESH = 0.5
#: Running tasks that have a bar of their own below the main one, at most.
MAX_TASK_BARS = 8


class ProgressBar(AbstractContextManager["ProgressBar"]):
    """Observer that prints the progress of a run.

    On a terminal: one live bar for the run, and one for each running task that reports its
    progress. Otherwise, so that logs stay short: one line when all parts and folds of a stage of a
    method and its variants are done, and one with the running tasks after a minute of silence.

    Args:
        console: where to print.
        plan: the plan that is run.
        store: its folder holds the progress of running tasks and the estimated durations.
        jobs: number of worker processes.
    """

    def __init__(self, console: "Console", plan: Plan, store: Store, jobs: int) -> None:
        self._console = console
        self._plan = plan
        self._store = store
        self._jobs = jobs
        self._estimates = Estimates(store.root / RATES)
        self._unfinished = {key: plan.nodes[key] for key in plan.needed}
        self._group_sizes = Counter(_family_of(plan.nodes[key]) for key in plan.needed)
        self._group_seconds: Counter[tuple[str, str]] = Counter()
        self._told: set[str] = set()
        self._running: dict[str, TaskEta] = {}
        self._bar: Any = None
        self._task_bars: dict[str, Any] = {}
        self._done = 0
        self._started = time.monotonic()
        self._last_drawn = 0.0
        self._last_printed = self._started

    def __enter__(self) -> "ProgressBar":
        if self._console.is_terminal:
            from rich.progress import BarColumn, Progress, TextColumn

            self._bar = Progress(
                TextColumn("[bold]{task.fields[share]:>4}"),
                BarColumn(bar_width=32),
                TextColumn("{task.fields[left]}"),
                TextColumn("{task.description}", style="dim", markup=False),
                console=self._console,
                transient=True,
            )
            self._bar.start()
            self._run_bar = self._bar.add_task("", total=1.0, share="0%", left="")
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()
        self._estimates.save()

    def started(self, node: Node) -> None:
        """Add a running task."""
        # Absent inputs of a damaged artifact are made too, without being in the plan.
        self._unfinished.setdefault(node.key, node)
        self._running[node.key] = TaskEta()
        self._draw()

    def finished(self, node: Node, result: TaskResult) -> None:
        """Record a task's duration; print a line if it was the last one of its group."""
        self._remove(node)
        group = method, stage = _family_of(node)
        if not result.found:
            self._estimates.record(node, result.seconds, result.bytes)
        self._group_seconds[group] += result.seconds  # type: ignore[assignment]
        self._group_sizes[group] -= 1
        if not self._bar and self._group_sizes[group] <= 0:
            prefix = f"{method}: " if method else ""
            self._print_line(f"{prefix}{stage}  {rounded_duration(self._group_seconds[group])}")
        self._draw()

    def failed(self, node: Node, error: StrataError) -> None:
        """Print where an error occurred, once for equal ones; the command tells it at its end."""
        self._remove(node)
        if error.what not in self._told:
            self._told.add(error.what)
            self._print(f"failed: {self._plan.title(node)}", "red")

    def dropped(self, node: Node, error: StrataError) -> None:
        """Print that a node diverged, which fails nothing; once for all folds of a trial."""
        self._remove(node)
        method, *_, trial = node.context.split(", ")
        if f"{method}, {trial}" not in self._told:
            self._told.add(f"{method}, {trial}")
            self._print(f"left out: {error.sentence}", "yellow")

    def damaged(self, node: Node) -> None:
        """Print a warning, and count the node as unfinished again."""
        self._unfinished[node.key] = node
        self._print(f"damaged in the store, made again: {self._plan.title(node)}", "yellow")

    def waiting(self) -> None:
        """Read the progress of running tasks and redraw, at most every `REFRESH` seconds."""
        now = time.monotonic()
        if now - self._last_drawn > REFRESH:
            for key, eta in self._running.items():
                eta.update(read_progress(self._store.root, key), now)
            if not self._bar and now - self._last_printed > SILENCE:
                self._print_line("running: " + self._titles(self._running))
            self._draw()

    def _remove(self, node: Node) -> None:
        self._running.pop(node.key, None)
        self._unfinished.pop(node.key, None)
        self._done += 1
        if node.key in self._task_bars:
            self._bar.remove_task(self._task_bars.pop(node.key))

    def _titles(self, keys: Iterable[str]) -> str:
        return "; ".join(sorted({self._plan.title(self._unfinished[key]) for key in keys}))

    def _running_durations(self) -> dict[tuple[str, str], float]:
        """Total seconds of a task at its present rate, for each group with a running task."""
        return {
            group_of(self._unfinished[key]): eta.total_seconds
            for key, eta in self._running.items()
            if eta.total_seconds
        }

    def _seconds_left(self) -> float:
        """Estimated seconds left of the run.

        A waiting task is expected to take as long as the running one of its group, else as
        `Estimates` say.
        """
        now, running = time.monotonic(), self._running_durations()
        total = 0.0
        for key, node in self._unfinished.items():
            expected = running.get(group_of(node)) or self._estimates.of(node).seconds
            eta = self._running.get(key)
            total += eta.seconds_left(now, expected) if eta else expected
        return total / min(self._jobs, max(1, len(self._unfinished)))

    def _time_left(self) -> str:
        """Time left as text: "about 2 min 5 s left"."""
        return f"about {rounded_duration(self._seconds_left())} left"

    def _print_line(self, text: str) -> None:
        """Print one plain line: tasks done and their number, a text, and the time left."""
        self._last_printed = time.monotonic()
        left = f", {self._time_left()}" if self._unfinished else ""
        count = f"[{self._done}/{self._done + len(self._unfinished)}]"
        self._print(f"{count} {text}{left}")

    def _print(self, text: str, style: str = "") -> None:
        self._console.print(text, style=style, highlight=False, markup=False)

    def _draw(self) -> None:
        """Update the bars, if there are any."""
        self._last_drawn = time.monotonic()
        if not self._bar:
            return
        left = self._seconds_left()
        spent = self._last_drawn - self._started
        share = spent / (spent + left) if spent + left else 1.0
        self._draw_task_bars()
        self._bar.update(
            self._run_bar,
            completed=share,
            share=f"{share:.0%}",
            left=self._time_left(),
            description=self._titles(key for key in self._running if key not in self._task_bars),
        )

    def _draw_task_bars(self) -> None:
        """Update a bar for each running task that reports its progress."""
        for key, eta in self._running.items():
            is_new = key not in self._task_bars
            if eta.progress is None or (is_new and len(self._task_bars) >= MAX_TASK_BARS):
                continue
            if is_new:
                self._task_bars[key] = self._bar.add_task("", total=1.0, share="", left="")
            node, progress = self._unfinished[key], eta.progress
            left = eta.seconds_left(self._last_drawn, self._estimates.of(node).seconds)
            self._bar.update(
                self._task_bars[key],
                completed=progress.share,
                share=f"{progress.share:.0%}",
                left=f"{rounded_duration(left)} left",
                description=f"{self._plan.title(node)}, {progress.done} of {progress.total}",
            )


def _family_of(node: Node) -> tuple[str, str]:
    """Group of a node, with all variants of its method as one."""
    method, stage = group_of(node)
    return method.partition("[")[0], stage
