"""The one place for processes: joblib's loky, each with one thread but for `strata._threads`."""

import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from strata._worker_environment import worker_environment
from strata.errors import StrataError

#: The executor, once it has been started.
_started: list[Any] = []

Item = TypeVar("Item")
Result = TypeVar("Result")


def worker_pool(jobs: int) -> Any:
    """The program's worker processes, a loky executor that is started once and used again.

    They end with this process, however it ends.
    """
    from joblib.externals.loky import get_reusable_executor

    _started[:] = [
        get_reusable_executor(
            max_workers=jobs,
            timeout=300,
            env=worker_environment(),
            initializer=init_worker,
            initargs=(os.getpid(),),
        )
    ]
    return _started[0]


def kill_workers() -> None:
    """End the worker processes at once, if there are any.

    They are killed before the executor is told: its thread may be handing out work, and then dies
    of what it is told. That is of no interest, so nothing is said of it.
    """
    tell = threading.excepthook

    def of_others(end: threading.ExceptHookArgs) -> None:
        if "ExecutorManager" not in (end.thread.name if end.thread else ""):
            tell(end)

    threading.excepthook = of_others
    # They are dead by then: loky, which looks for their children with `pgrep`, need not say where
    # there is none, or where the interrupt has ended that too.
    warnings.filterwarnings("ignore", "Failed to kill subprocesses")
    for executor in _started:
        for pid in list(executor._processes or ()):
            with suppress(ProcessLookupError):
                os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        executor.shutdown(wait=True, kill_workers=True)


def submit(jobs: int, function: Callable[..., Result], *arguments: Any) -> "Future[Result]":
    """Hand a call to one of the workers."""
    with interrupts_blocked():
        return worker_pool(jobs).submit(function, *arguments)


@contextmanager
def interrupts_blocked() -> Iterator[None]:
    """Let interrupts wait for a moment; processes started meanwhile do not get them at all.

    A worker ignores interrupts once it runs our code. Until then it would die of one, with a
    traceback; and so would this process of one that comes while it imports what starts workers.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def init_worker(parent: int) -> None:
    """Leave interrupts to the parent process, and end when it is gone, however it went."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def parallel_map(
    function: Callable[[Item], Result], items: Iterable[Item], *, jobs: int, batch: int = 1
) -> Iterator[Result]:
    """Yield `function(item)` for each item, in order, on `jobs` processes.

    With one job, or one item, everything runs in this process. `function` must be picklable
    and, for cheap work, worth its trip: `batch` items travel together.
    """
    items = list(items)
    if jobs <= 1 or len(items) <= batch:
        yield from map(function, items)
        return
    from joblib.externals.loky.process_executor import BrokenProcessPool

    try:
        # Not the executor's `map`: it cancels what is open when it is left, and the thread that is
        # to kill the workers then dies of the canceled.
        parts = [
            submit(jobs, _each, function, items[start : start + batch])
            for start in range(0, len(items), batch)
        ]
        for part in parts:
            yield from part.result()
    except BrokenProcessPool:
        raise StrataError(
            "A worker process was killed, most likely for lack of memory.", "Try fewer jobs (-j 1)."
        ) from None
    except BaseException:
        kill_workers()
        raise


def _each(function: Callable[[Item], Result], items: list[Item]) -> list[Result]:
    return [function(item) for item in items]
