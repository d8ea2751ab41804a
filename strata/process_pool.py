"""Pool of worker processes on joblib's loky, one thread each (see `strata._threads`)."""

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

AFFECTS_RESULTS = False  # where work is done, not what

#: The executor, once it has been started.
_started: list[Any] = []

Item = TypeVar("Item")
Result = TypeVar("Result")


def worker_pool(jobs: int) -> Any:
    """Return the loky executor of worker processes, started once and reused.

    The workers end with this process, however it ends.
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
    """Kill the worker processes, if there are any.

    They are killed before the executor is shut down: its thread may be dispatching tasks, and then
    raises. That exception is of no interest and is suppressed.
    """
    tell = threading.excepthook

    def of_others(end: threading.ExceptHookArgs) -> None:
        if "ExecutorManager" not in (end.thread.name if end.thread else ""):
            tell(end)

    threading.excepthook = of_others
    # The workers are dead by then: suppress loky's warning where its search for their children with
    # `pgrep` finds none or was itself interrupted.
    warnings.filterwarnings("ignore", "Failed to kill subprocesses")
    for executor in _started:
        for pid in list(executor._processes or ()):
            with suppress(ProcessLookupError):
                os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        executor.shutdown(wait=True, kill_workers=True)


def submit(jobs: int, function: Callable[..., Result], *arguments: Any) -> "Future[Result]":
    """Submit a call to the pool of `jobs` workers."""
    with interrupts_blocked():
        return worker_pool(jobs).submit(function, *arguments)


@contextmanager
def interrupts_blocked() -> Iterator[None]:
    """Block SIGINT and SIGTERM for a moment; processes started meanwhile inherit the mask.

    A worker ignores interrupts once `init_worker` has run. Until then an interrupt would kill it
    with a traceback, as it would this process while it imports the modules that start workers.
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
    """Initialize a worker: ignore interrupts, and exit when the parent process is gone."""
    from joblib.externals.loky import process_executor

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Where psutil is installed, as with Jupyter, loky replaces workers that have grown by 300 MB,
    # and warns of a leak: importing torch is enough.
    process_executor._USE_PSUTIL = False

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def parallel_map(
    function: Callable[[Item], Result], items: Iterable[Item], *, jobs: int, batch: int = 1
) -> Iterator[Result]:
    """Yield `function(item)` for each item, in order, on `jobs` processes.

    With one job, or one batch, everything runs in this process. `function` must be picklable;
    `batch` items are sent together, so that cheap calls are worth the transfer.
    """
    items = list(items)
    if jobs <= 1 or len(items) <= batch:
        yield from map(function, items)
        return
    from joblib.externals.loky.process_executor import BrokenProcessPool

    try:
        # Not `executor.map`: it cancels pending futures on exit, and the thread that kills the
        # workers then dies of the canceled futures.
        parts = [
            submit(jobs, _each, function, items[start : start + batch])
            for start in range(0, len(items), batch)
        ]
        for part in parts:
            yield from part.result()
    except BrokenProcessPool:
        raise StrataError(
            "A worker process was killed, most likely for lack of memory.",
            "Run fewer processes at a time: -j 1.",
        ) from None
    except BaseException:
        kill_workers()
        raise


def _each(function: Callable[[Item], Result], items: list[Item]) -> list[Result]:
    return [function(item) for item in items]
