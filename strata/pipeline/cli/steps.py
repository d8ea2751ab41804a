"""Progress bars of the steps before the stage graph: downloading, drawing and reading images."""

import time
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from strata.pipeline.execution.eta import rounded_duration

if TYPE_CHECKING:
    from rich.console import Console


class StepProgress(AbstractContextManager["StepProgress"]):
    """Show named steps one after the other; steps under 0.3 s stay silent."""

    def __init__(self, console: "Console") -> None:
        self._console = console
        self._what = ""
        self._begun = 0.0
        self._bar: Any = None

    def update(self, what: str, done: int, total: int) -> None:
        """Report that `done` of `total` units of the step `what` are done."""
        now = time.monotonic()
        if what != self._what:
            self._close()
            self._what, self._begun = what, now
        elif self._console.is_terminal and now - self._begun > 0.3:
            self._draw(what, done, total)
        if done == total and not self._bar and now - self._begun > 0.3:
            self._console.print(
                f"{what}: {total}  {rounded_duration(now - self._begun)}", highlight=False
            )

    def _draw(self, what: str, done: int, total: int) -> None:
        """Update the progress bar; start it first where there is none."""
        if not self._bar:
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                TextColumn,
                TimeRemainingColumn,
            )

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=32),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                console=self._console,
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task(what)
        self._bar.update(self._task, completed=done, total=total)

    def _close(self) -> None:
        if self._bar:
            self._bar.stop()
            self._bar = None

    def __exit__(self, *_: object) -> None:
        self._close()
