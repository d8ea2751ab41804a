"""What a person sees of a run: a bar with the time left on a terminal, plain lines elsewhere."""

import time
from collections import Counter
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from strata.errors import StrataError
from strata.pipeline.execution.eta import Estimates, Pace, duration, left_in_words
from strata.pipeline.execution.plan import Plan
from strata.pipeline.execution.worker import Done
from strata.pipeline.graph.stage import Node
from strata.pipeline.store.store import Store
from strata.pipeline.store.task_progress import read_progress

if TYPE_CHECKING:
    from rich.console import Console


#: Seconds without a line after which plain output says what runs.
SILENCE = 60.0
#: Running stages that have a line of their own below the bar, at most.
LINES = 8


class Progress(AbstractContextManager["Progress"]):
    """Observes a run and shows how far it is.

    On a terminal, one live bar, and one for each running stage that tells how far it is;
    otherwise a line whenever all shards or folds of a stage of one method are done, and what runs
    after a minute without one, so that logs stay short.
    """

    def __init__(self, console: "Console", plan: Plan, store: Store, jobs: int) -> None:
        self._console = console
        self._plan = plan
        self._store = store
        self._jobs = jobs
        self._estimates = Estimates(store.root / "seconds.json")
        self._left = Counter(group_of(plan.nodes[key]) for key in plan.needed)
        self._took: Counter[tuple[str, str]] = Counter()
        self._open = {key: plan.nodes[key] for key in plan.needed}
        self._running: dict[str, Pace] = {}
        self._lines: dict[str, Any] = {}
        self._done = 0
        self._begun = time.monotonic()
        self._drawn = 0.0
        self._said = self._begun
        self._bar: Any = None

    def __enter__(self) -> "Progress":
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
            self._task = self._bar.add_task("", total=1.0, share="0%", left="")
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()
        self._estimates.save()

    def started(self, node: Node) -> None:
        """A worker has been given the node."""
        self._open.setdefault(node.key, node)  # what a damaged one needs was not planned
        self._running[node.key] = Pace()
        self._draw()

    def finished(self, node: Node, done: Done) -> None:
        """Its artifact is in the store."""
        self._close(node)
        group = method, stage = group_of(node)
        if not done.found:
            self._estimates.learn(stage, done.seconds, method)
        self._took[group] += done.seconds  # type: ignore[assignment]
        self._left[group] -= 1
        if not self._bar and self._left[group] <= 0:
            where = f"{group[0]}: " if group[0] else ""
            self._say(f"{where}{group[1]}  {duration(self._took[group])}")
        self._draw()

    def failed(self, node: Node, error: StrataError) -> None:
        """It could not be made; said at once, and again at the end."""
        self._close(node)
        self._console.print(f"failed: {error.sentence}", style="red", highlight=False, markup=False)

    def damaged(self, node: Node) -> None:
        """Its artifact was found damaged and will be made again."""
        self._open[node.key] = node
        self._console.print(
            f"damaged in the store, made again: {node.title}",
            style="yellow",
            highlight=False,
            markup=False,
        )

    def waiting(self) -> None:
        """Listen and redraw now and then: running stages tell how far they are."""
        now = time.monotonic()
        if now - self._drawn > 0.5:
            for key, pace in self._running.items():
                pace.hear(read_progress(self._store.root, key), now)
            if not self._bar and now - self._said > SILENCE:
                self._say(
                    "running: " + "; ".join(sorted(self._open[key].title for key in self._running))
                )
            self._draw()

    def _close(self, node: Node) -> None:
        self._running.pop(node.key, None)
        self._open.pop(node.key, None)
        self._done += 1
        if node.key in self._lines:
            self._bar.remove_task(self._lines.pop(node.key))

    def _told(self) -> dict[tuple[str, str], float]:
        """Seconds that whole stages take, by those of their like that tell their speed."""
        return {
            group_of(self._open[key]): pace.whole_seconds
            for key, pace in self._running.items()
            if pace.whole_seconds
        }

    def _seconds_left(self) -> tuple[float, float]:
        """Of all that is to be made, and of that by stages whose like has been timed.

        A stage is taken to be as slow as its like that runs now.
        """
        now, told = time.monotonic(), self._told()
        whole = timed = 0.0
        for key, node in self._open.items():
            method, stage = group = group_of(node)
            expected = told.get(group) or self._estimates.of(stage, method)
            pace = self._running.get(key)
            seconds = pace.seconds_left(now, expected) if pace else expected
            whole += seconds
            if group in told or self._estimates.knows(stage):
                timed += seconds
        at_once = min(self._jobs, max(1, len(self._open)))
        return whole / at_once, timed / at_once

    def _time_left(self) -> str:
        """In words."""
        whole, timed = self._seconds_left()
        left = left_in_words(timed, whole == timed)
        return f"{left} left" if left else "time left not known yet"

    def _say(self, what: str) -> None:
        """One plain line: how much is done, what, and the time left."""
        self._said = time.monotonic()
        left = f", {self._time_left()}" if self._open else ""
        share = f"[{self._done}/{self._done + len(self._open)}]"
        self._console.print(f"{share} {what}{left}", highlight=False, markup=False)

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        if not self._bar:
            return
        left, _ = self._seconds_left()
        spent = self._drawn - self._begun
        share = spent / (spent + left) if spent + left else 1.0
        self._draw_lines()
        silent = {self._open[key].title for key in self._running if key not in self._lines}
        self._bar.update(
            self._task,
            completed=share,
            share=f"{share:.0%}",
            left=self._time_left(),
            description="; ".join(sorted(silent)),
        )

    def _draw_lines(self) -> None:
        """A line for each running stage that tells how far it is."""
        for key, pace in self._running.items():
            if pace.told is None or (key not in self._lines and len(self._lines) >= LINES):
                continue
            if key not in self._lines:
                self._lines[key] = self._bar.add_task("", total=1.0, share="", left="")
            node, told = self._open[key], pace.told
            left = pace.seconds_left(self._drawn, self._estimates.of(node.stage.name))
            self._bar.update(
                self._lines[key],
                completed=told.share,
                share=f"{told.share:.0%}",
                left=f"{duration(left)} left",
                description=f"{node.title}, {told.done} of {told.total}",
            )


def group_of(node: Node) -> tuple[str, str]:
    """Method and stage: what is reported together in plain output."""
    return node.context.partition(", ")[0], node.stage.name
