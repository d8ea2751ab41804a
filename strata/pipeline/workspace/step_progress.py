"""Progress bars of the steps before and after the stage graph: reading images, the report."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from strata.pipeline.execution.eta import rounded_duration

if TYPE_CHECKING:
    from rich.console import Console


#: The step whose units are bytes.
FETCHING = "fetching the images"
#: Seconds between two plain lines of a step, where the output is no terminal.
PLAIN_SECONDS = 15.0


class StepProgress(AbstractContextManager["StepProgress"]):
    """Show named steps one after the other; steps under 0.3 s stay silent.

    On a terminal: a bar. Elsewhere, so that logs stay short: a line at the end of a step, and one
    every `PLAIN_SECONDS`.
    """

    def __init__(self, console: "Console") -> None:
        self._console = console
        self._what = ""
        self._begun = self._printed = 0.0
        self._bar: Any = None

    def update(self, what: str, done: int, total: int) -> None:
        """Report that `done` of `total` units of the step `what` are done; 0: total unknown."""
        now = time.monotonic()
        if what != self._what:
            self._close()
            self._what, self._begun, self._printed = what, now, now
        elif self._console.is_terminal and now - self._begun > 0.3:
            self._draw(what, done, total)
        if self._bar:
            return
        if done == total and now - self._begun > 0.3:
            self._print(f"{_amount(what, total)}  {rounded_duration(now - self._begun)}", now)
        elif now - self._printed > PLAIN_SECONDS:
            of = f" of {_amount(what, total)}" if total else ""
            self._print(f"{_amount(what, done)}{of}{self._time_left(done, total, now)}", now)

    @contextmanager
    def during(self, what: str) -> Iterator[None]:
        """Show the step `what`, whose parts are not counted, while the block runs."""
        self.update(what, 0, 0)
        if self._console.is_terminal:
            self._draw(what, 0, 0)
        yield
        seconds = time.monotonic() - self._begun
        if not self._bar and seconds > 0.3:
            self._console.print(f"{what}: {rounded_duration(seconds)}")
        self._close()
        self._what = ""

    def _time_left(self, done: int, total: int, now: float) -> str:
        if not total or not done:
            return ""
        return f", about {rounded_duration((now - self._begun) * (total - done) / done)} left"

    def _print(self, text: str, now: float) -> None:
        self._console.print(f"{self._what}: {text}")
        self._printed = now

    def _draw(self, what: str, done: int, total: int) -> None:
        """Update the progress bar; start it first where there is none."""
        if not self._bar:
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=32),
                TextColumn("{task.fields[amount]}"),
                TimeRemainingColumn(),
                console=self._console,
                transient=True,
                redirect_stdout=False,  # to the bar's console; results may go to a pipe
            )
            self._bar.start()
            self._task = self._bar.add_task(what, amount="")
        of = f"/{_amount(what, total)}" if total else ""
        amount = _amount(what, done) + of if done or total else ""
        self._bar.update(self._task, completed=done, total=total or None, amount=amount)

    def _close(self) -> None:
        if self._bar:
            self._bar.stop()
            self._bar = None

    def __exit__(self, *_: object) -> None:
        self._close()


def _amount(what: str, units: int) -> str:
    if what != FETCHING:
        return str(units)
    from strata.pipeline.data.archives.limits import size_text

    return size_text(units)
