"""What a run has to make, what waits for what, and what can be made next."""

import heapq
from collections.abc import Callable

from strata.pipeline.execution.plan import Plan
from strata.pipeline.graph.stage import OptionalInputsStage


class Scheduler:
    """The needed nodes of a plan, by key, on their way from blocked over ready to done.

    Ready ones come method by method and fold by fold: first results come early, and what a stage
    reads is still in memory from the stage that made it.
    """

    def __init__(self, plan: Plan) -> None:
        self._nodes = plan.nodes
        self._todo = dict.fromkeys(plan.needed)
        self._place = {key: number for number, key in enumerate(plan.nodes)}
        self._ready: list[tuple[int, str]] = []
        self._blocked: dict[str, set[str]] = {key: set() for key in self._todo}
        self._children: dict[str, dict[str, None]] = {}
        for key in self._todo:
            for parent in self._nodes[key].parents:
                if parent.key in self._todo:
                    self._let_wait(key, parent.key)
            self._free(key, set())

    @property
    def open(self) -> list[str]:
        """What is neither done nor given up."""
        return list(self._todo)

    @property
    def has_ready(self) -> bool:
        """Whether something can be made now."""
        return bool(self._ready)

    def next(self) -> str:
        """Take the first of what is ready."""
        return heapq.heappop(self._ready)[1]

    def done(self, key: str) -> None:
        """It is in the store: what waited for it alone is ready."""
        del self._todo[key]
        for child in self._children.pop(key, ()):  # if it is made again, not all wait again
            self._free(child, {key})

    def spare(self, key: str) -> set[str] | None:
        """Give a node up where all that waits for it can do without.

        Returns:
            it and the nodes that are given up with it; None where something cannot do without.
        """
        lost, sparing = set(), set()
        waiting = [key]
        while waiting:
            current = waiting.pop()
            lost.add(current)
            children = self._children.get(current)
            if not children:
                return None
            spare = {c for c in children if isinstance(self._nodes[c].stage, OptionalInputsStage)}
            sparing |= spare
            waiting += children.keys() - spare
        for current in lost:
            self._todo.pop(current, None)
        for current in sparing:
            self._free(current, lost)
        return lost

    def make_again(self, damaged: str, reader: str, is_there: Callable[[str], bool]) -> bool:
        """Put what `reader` found damaged, and what is absent of that one's inputs, before it.

        Args:
            is_there: whether a node's artifact is in the store.

        Returns:
            whether this is news: nobody else found it damaged and waits for it.
        """
        news = damaged not in self._todo
        waiting = [(damaged, reader)]
        while waiting:
            key, child = waiting.pop()
            self._let_wait(child, key)
            if key in self._todo:
                continue
            self._todo[key] = None
            self._blocked[key] = set()
            absent = [p.key for p in self._nodes[key].parents if not is_there(p.key)]
            waiting += [(parent, key) for parent in absent]
            if not absent:
                self._free(key, set())
        return news

    def _let_wait(self, child: str, parent: str) -> None:
        self._children.setdefault(parent, {})[child] = None
        self._blocked.setdefault(child, set()).add(parent)

    def _free(self, key: str, parents: set[str]) -> None:
        """It waits for these no longer; ready when for nothing else."""
        self._blocked[key] -= parents
        if not self._blocked[key]:
            heapq.heappush(self._ready, (self._place[key], key))
