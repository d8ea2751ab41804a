"""Execution of a plan: ready nodes go to worker processes, results to the store."""

from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from typing import Protocol

from strata.errors import DivergedError, StrataError
from strata.pipeline.execution.frugal import RemainingReaders
from strata.pipeline.execution.plan import Plan
from strata.pipeline.execution.scheduler import Scheduler
from strata.pipeline.execution.worker import StageError, Task, TaskResult, run_task
from strata.pipeline.graph.stage import Node
from strata.pipeline.store.errors import DamagedError, StoreFullError
from strata.pipeline.store.store import Store
from strata.process_pool import kill_workers, submit


class Observer(Protocol):
    """Callbacks for the events of a run, all called from one thread."""

    def started(self, node: Node) -> None:
        """A worker was given the node."""

    def finished(self, node: Node, result: TaskResult) -> None:
        """The node's artifact is in the store."""

    def failed(self, node: Node, error: StrataError) -> None:
        """The node could not be made."""

    def dropped(self, node: Node, error: StrataError) -> None:
        """The node diverged, and what depends on it goes on without."""

    def damaged(self, node: Node) -> None:
        """The node's artifact was found damaged and will be made again."""

    def waiting(self) -> None:
        """Called several times a second while tasks run."""


@dataclass
class RunOutcome:
    """Result of a run.

    Attributes:
        made: keys of the artifacts that were made.
        errors: the error of each node that failed, by key.
        skipped: keys not made because something they need failed.
    """

    made: list[str] = field(default_factory=list)
    errors: dict[str, StrataError] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)

    def __add__(self, later: "RunOutcome") -> "RunOutcome":
        return RunOutcome(
            self.made + later.made, self.errors | later.errors, self.skipped + later.skipped
        )


class Run:
    """One execution of a plan on worker processes.

    Args:
        plan: the nodes to be made.
        store: the store that artifacts are read from and written to.
        observer: told of every event.
        jobs: number of worker processes.
        always: make nodes even if their artifacts are in the store.
        frugal: remove descriptors and vectors of this run once nothing in it reads them again.
    """

    def __init__(
        self,
        plan: Plan,
        store: Store,
        observer: Observer,
        *,
        jobs: int,
        always: bool = False,
        frugal: bool = False,
    ) -> None:
        self.plan = plan
        self.store = store
        self.observer = observer
        self.jobs = jobs
        self.always = always
        self.outcome = RunOutcome()
        self._scheduler = Scheduler(plan)
        self._running: dict[Future[TaskResult], Node] = {}
        self._run_alone: deque[str] = deque()
        self._retried: set[str] = set()
        self._dropped: set[str] = set()
        self._remaining = RemainingReaders(plan) if frugal else None

    def execute(self, *, keep_going: bool) -> RunOutcome:
        """Make everything needed.

        An interrupt kills the workers at once and is raised again; finished artifacts are kept.

        Args:
            keep_going: after a failure, go on with what does not depend on the failed node.
        """
        stopping = False
        try:
            while self._running or (not stopping and self._has_work):
                if not stopping:
                    self._submit()
                finished, _ = wait(self._running, timeout=0.2, return_when=FIRST_COMPLETED)
                self.observer.waiting()
                for future in finished:
                    if not self._handle_finished(future) and not keep_going:
                        stopping = True
                if any(isinstance(e, StoreFullError) for e in self.outcome.errors.values()):
                    stopping = True
        except BaseException:
            kill_workers()
            self.store.sweep()
            raise
        unfinished = self._scheduler.unfinished
        self.outcome.skipped = [k for k in unfinished if k not in self.outcome.errors]
        return self.outcome

    @property
    def _has_work(self) -> bool:
        return self._scheduler.has_ready or bool(self._run_alone)

    def _submit(self) -> None:
        """Submit ready nodes, no more than there are workers, so that a failure stops the rest."""
        if self._run_alone:
            if not self._running:
                self._start(self._run_alone.popleft())
            return
        ready: list[str] = []
        while self._scheduler.has_ready and len(self._running) + len(ready) < self.jobs:
            ready.append(self._scheduler.pop_ready())
        at_once = len(self._running) + len(ready)
        for key in ready:  # the fewer there are, the more threads each may use
            self._start(key, self.jobs // at_once)

    def _start(self, key: str, threads: int = 1) -> None:
        node = self.plan.nodes[key]
        task = Task.of(
            node,
            self.store,
            title=self.plan.title(node),
            force=self.always,
            threads=threads,
            dropped=self._dropped,
        )
        self._running[submit(self.jobs, run_task, task)] = node
        self.observer.started(node)

    def _handle_finished(self, future: "Future[TaskResult]") -> bool:
        """Record the result or the error of a finished task; False if its node failed."""
        from joblib.externals.loky.process_executor import BrokenProcessPool

        node = self._running.pop(future)
        try:
            result = future.result()
        except DamagedError as error:
            self._reschedule(error.key, node.key)
            return True
        except BrokenProcessPool:
            return self._handle_killed_worker(node)
        except DivergedError as error:
            return self._handle_divergence(node, error)
        except StrataError as error:
            self._fail(node, error)
            return False
        self._scheduler.mark_done(node.key)
        if not result.found:
            self.outcome.made.append(node.key)
        self.observer.finished(node, result)
        for key in self._remaining.finished(node, found=result.found) if self._remaining else ():
            self.store.discard(key)
        return True

    def _handle_killed_worker(self, node: Node) -> bool:
        """Retry a task alone: the broken pool does not tell which of its tasks was to blame."""
        if node.key not in self._retried:
            self._retried.add(node.key)
            self._run_alone.append(node.key)
            return True
        self._fail(
            node,
            StageError(
                "its process was killed, most likely for lack of memory.",
                "Try fewer jobs (-j 1), or parameters that need less memory.",
            ),
        )
        return False

    def _handle_divergence(self, node: Node, error: DivergedError) -> bool:
        """Go on without a diverged node if all that needs it can; False if something cannot."""
        dropped = self._scheduler.drop(node.key)
        if dropped is None:
            self._fail(node, error)
            return False
        self._set_where(error, node)
        self.observer.dropped(node, error)
        self._dropped |= dropped
        return True

    def _fail(self, node: Node, error: StrataError) -> None:
        self._set_where(error, node)
        self.outcome.errors[node.key] = error
        self.observer.failed(node, error)

    def _reschedule(self, damaged: str, reader: str) -> None:
        """Make a damaged input again, and then the node that could not read it."""
        if self._scheduler.reschedule(damaged, reader, self._is_present):
            self.observer.damaged(self.plan.nodes[damaged])
            self.store.discard(damaged)

    def _is_present(self, key: str) -> bool:
        return self.store.state(key) == "present"

    def _set_where(self, error: StrataError, node: Node) -> None:
        """Add the node's title, unless the message has it or the error concerns the whole store."""
        title = self.plan.title(node)
        if title not in error.what and not isinstance(error, StoreFullError):
            error.where = title
