"""Make what a plan needs: ready nodes go to worker processes, results to the store."""

from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from typing import Protocol

from strata.errors import DivergedError, StrataError
from strata.pipeline.execution.plan import Plan
from strata.pipeline.execution.scheduler import Scheduler
from strata.pipeline.execution.worker import Done, StageError, Task, run_task
from strata.pipeline.graph.stage import Node
from strata.pipeline.store.store import DamagedError, Store, StoreFullError
from strata.process_pool import kill_workers, submit


class Observer(Protocol):
    """Is told what happens; all calls come from one thread."""

    def started(self, node: Node) -> None:
        """A worker has been given the node."""

    def finished(self, node: Node, done: Done) -> None:
        """Its artifact is in the store."""

    def failed(self, node: Node, error: StrataError) -> None:
        """It could not be made."""

    def damaged(self, node: Node) -> None:
        """Its artifact was found damaged and will be made again."""

    def waiting(self) -> None:
        """Nothing happened for a while."""


@dataclass
class Outcome:
    """What a run did.

    Attributes:
        made: keys of what was made.
        errors: what went wrong, by key.
        skipped: keys not made because something they need failed.
    """

    made: list[str] = field(default_factory=list)
    errors: dict[str, StrataError] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)

    def __add__(self, later: "Outcome") -> "Outcome":
        return Outcome(
            self.made + later.made, self.errors | later.errors, self.skipped + later.skipped
        )


class Run:
    """One execution of a plan on some workers."""

    def __init__(
        self, plan: Plan, store: Store, observer: Observer, *, jobs: int, always: bool = False
    ) -> None:
        self.plan = plan
        self.store = store
        self.observer = observer
        self.jobs = jobs
        self.always = always
        self.outcome = Outcome()
        self._agenda = Scheduler(plan)
        self._running: dict[Future[Done], Node] = {}
        self._alone: deque[str] = deque()
        self._retried: set[str] = set()
        self._lost: set[str] = set()

    def execute(self, *, keep_going: bool) -> Outcome:
        """Make everything needed; after a failure, what does not depend on it if `keep_going`.

        An interrupt ends the workers at once and passes on; what is finished is kept.
        """
        stopping = False
        try:
            while self._running or (not stopping and (self._agenda.has_ready or self._alone)):
                if not stopping:
                    self._submit()
                finished, _ = wait(self._running, timeout=0.2, return_when=FIRST_COMPLETED)
                self.observer.waiting()
                for future in finished:
                    if not self._settle(future) and not keep_going:
                        stopping = True
                if any(isinstance(e, StoreFullError) for e in self.outcome.errors.values()):
                    stopping = True
        except BaseException:
            kill_workers()
            self.store.sweep()
            raise
        self.outcome.skipped = [k for k in self._agenda.open if k not in self.outcome.errors]
        return self.outcome

    def _submit(self) -> None:
        """Hand out work, never more than there are workers: what fails should stop the rest."""
        if self._alone:
            if not self._running:
                self._start(self._alone.popleft())
            return
        next_ones: list[str] = []
        while self._agenda.has_ready and len(self._running) + len(next_ones) < self.jobs:
            next_ones.append(self._agenda.next())
        at_once = len(self._running) + len(next_ones)
        for key in next_ones:  # the fewer there are, the more threads each may use
            self._start(key, self.jobs // at_once)

    def _start(self, key: str, threads: int = 1) -> None:
        node = self.plan.nodes[key]
        task = Task.of(node, self.store, again=self.always, threads=threads, lost=self._lost)
        self._running[submit(self.jobs, run_task, task)] = node
        self.observer.started(node)

    def _settle(self, future: "Future[Done]") -> bool:
        """Account for a task that ended; False if its node failed."""
        from joblib.externals.loky.process_executor import BrokenProcessPool

        node = self._running.pop(future)
        try:
            done = future.result()
        except DamagedError as error:
            self._make_again(error.key, node.key)
            return True
        except BrokenProcessPool:
            return self._worker_died(node)
        except DivergedError as error:
            return self._spared(node, error)
        except StrataError as error:
            self._fail(node, error)
            return False
        self._agenda.done(node.key)
        if not done.found:
            self.outcome.made.append(node.key)
        self.observer.finished(node, done)
        return True

    def _worker_died(self, node: Node) -> bool:
        """The pool is gone and does not say whose fault it was: each of its tasks runs alone."""
        if node.key not in self._retried:
            self._retried.add(node.key)
            self._alone.append(node.key)
            return True
        self._fail(
            node,
            StageError(
                f"{node.title}: its process was killed, most likely for lack of memory.",
                "Try fewer jobs (-j 1), or parameters that need less memory.",
            ),
        )
        return False

    def _spared(self, node: Node, error: DivergedError) -> bool:
        """Go on without a node where all that waits for it can; False where something cannot."""
        lost = self._agenda.spare(node.key)
        if lost is None:
            self._fail(node, error)
            return False
        _place(error, node)
        self.observer.failed(node, error)
        self._lost |= lost
        return True

    def _fail(self, node: Node, error: StrataError) -> None:
        _place(error, node)
        self.outcome.errors[node.key] = error
        self.observer.failed(node, error)

    def _make_again(self, damaged: str, reader: str) -> None:
        """An input of `reader` turned out damaged when read: make it, and then the reader."""
        if self._agenda.make_again(damaged, reader, self._is_there):
            self.observer.damaged(self.plan.nodes[damaged])
            self.store.discard(damaged)

    def _is_there(self, key: str) -> bool:
        return self.store.state(key) == "present"


def _place(error: StrataError, node: Node) -> None:
    """Say where it came up, unless it does so itself or came up everywhere."""
    if node.title not in error.what and not isinstance(error, StoreFullError):
        error.where = node.title
