"""Make what a plan needs: ready nodes go to worker processes, results to the store."""

import heapq
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from typing import Protocol

from strata.errors import DivergedError, StrataError
from strata.pipeline.parallel import end_workers, submit
from strata.pipeline.plan import Plan
from strata.pipeline.stage import Node, SparingStage
from strata.pipeline.store import DamagedError, Store, StoreFullError
from strata.pipeline.worker import Done, StageError, Task, run_task


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
        self._todo = dict.fromkeys(plan.needed)
        self._running: dict[Future[Done], Node] = {}
        self._alone: deque[str] = deque()
        self._retried: set[str] = set()
        self._lost: set[str] = set()
        self._blocked = {key: self._open_parents(key) for key in self._todo}
        self._children: dict[str, list[str]] = {}
        for key in self._todo:
            for parent in self._blocked[key]:
                self._children.setdefault(parent, []).append(key)
        # Method by method and fold by fold: first results come early, and what a stage reads is
        # still in memory from the stage that made it.
        self._place = {key: number for number, key in enumerate(plan.nodes)}
        self._ready: list[tuple[int, str]] = []
        for key in self._todo:
            if not self._blocked[key]:
                self._is_ready(key)

    def _is_ready(self, key: str) -> None:
        heapq.heappush(self._ready, (self._place[key], key))

    def _open_parents(self, key: str) -> set[str]:
        return {p.key for p in self.plan.nodes[key].parents if p.key in self._todo}

    def execute(self, *, keep_going: bool) -> Outcome:
        """Make everything needed; after a failure, what does not depend on it if `keep_going`.

        An interrupt ends the workers at once and passes on; what is finished is kept.
        """
        stopping = False
        try:
            while self._running or (not stopping and (self._ready or self._alone)):
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
            end_workers()
            self.store.sweep()
            raise
        self.outcome.skipped = [k for k in self._todo if k not in self.outcome.errors]
        return self.outcome

    def _submit(self) -> None:
        """Hand out work, never more than there are workers: what fails should stop the rest."""
        if self._alone:
            if not self._running:
                self._start(self._alone.popleft())
            return
        while self._ready and len(self._running) < self.jobs:
            self._start(heapq.heappop(self._ready)[1])

    def _start(self, key: str) -> None:
        node = self.plan.nodes[key]
        task = Task.of(node, self.store, again=self.always, lost=self._lost)
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
        del self._todo[node.key]
        if not done.found:
            self.outcome.made.append(node.key)
        for child in self._children.get(node.key, ()):
            self._blocked[child].discard(node.key)
            if not self._blocked[child]:
                self._is_ready(child)
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
        lost, sparing = set(), set()
        waiting = [node.key]
        while waiting:
            key = waiting.pop()
            lost.add(key)
            children = self._children.get(key, [])
            if not children:
                self._fail(node, error)
                return False
            spare = [c for c in children if isinstance(self.plan.nodes[c].stage, SparingStage)]
            sparing.update(spare)
            waiting += [c for c in children if c not in spare]
        self.observer.failed(node, error)
        self._lost |= lost
        for key in lost:
            self._todo.pop(key, None)
        for key in sparing:
            self._blocked[key] -= lost
            if not self._blocked[key]:
                self._is_ready(key)
        return True

    def _fail(self, node: Node, error: StrataError) -> None:
        self.outcome.errors[node.key] = error
        self.observer.failed(node, error)

    def _make_again(self, damaged: str, reader: str) -> None:
        """An input of `reader` turned out damaged when read: make it, and then the reader."""
        if damaged not in self._todo:
            self.observer.damaged(self.plan.nodes[damaged])
            self.store.discard(damaged)
        waiting = [(damaged, reader)]
        while waiting:
            key, child = waiting.pop()
            self._children.setdefault(key, []).append(child)
            self._blocked.setdefault(child, set()).add(key)
            if key in self._todo:
                continue
            self._todo[key] = None
            self._blocked[key] = set()
            absent = [
                p.key for p in self.plan.nodes[key].parents if self.store.state(p.key) != "present"
            ]
            waiting += [(parent, key) for parent in absent]
            if not absent:
                self._is_ready(key)
