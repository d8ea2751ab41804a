"""Order of a run: nodes still to be made, their dependencies, and those ready to be made."""

import heapq
from collections.abc import Callable

from strata.pipeline.execution.plan import Plan
from strata.pipeline.graph.stage import OptionalInputsStage


class Scheduler:
    """The needed nodes of a plan, by key, each blocked, ready, handed out or done.

    Ready nodes come in the plan's order, method by method and fold by fold: first results come
    early, and what a stage reads is still in the page cache from the stage that wrote it.
    """

    def __init__(self, plan: Plan) -> None:
        self._nodes = plan.nodes
        self._unfinished = dict.fromkeys(plan.needed)
        self._priority = {key: number for number, key in enumerate(plan.nodes)}
        self._ready: list[tuple[int, str]] = []
        self._blockers: dict[str, set[str]] = {key: set() for key in self._unfinished}
        self._children: dict[str, dict[str, None]] = {}
        for key in self._unfinished:
            for parent in self._nodes[key].parents:
                if parent.key in self._unfinished:
                    self._add_dependency(key, parent.key)
            self._unblock(key, set())

    @property
    def unfinished(self) -> list[str]:
        """Keys neither done nor dropped."""
        return list(self._unfinished)

    @property
    def has_ready(self) -> bool:
        """True if a node can be made now."""
        return bool(self._ready)

    def pop_ready(self) -> str:
        """Take the first ready node."""
        return heapq.heappop(self._ready)[1]

    def mark_done(self, key: str) -> None:
        """Record that an artifact is in the store; nodes that waited for it alone become ready."""
        del self._unfinished[key]
        for child in self._children.pop(key, ()):  # popped: made again, it blocks its reader only
            self._unblock(child, {key})

    def drop(self, key: str) -> set[str] | None:
        """Drop a node that cannot be made, if all that depends on it can do without.

        Returns:
            keys of the node and of those dropped with it, up to the stages with optional inputs;
            None, and nothing is dropped, if a node without such a stage in between needs it.
        """
        dropped, released = set(), set()
        stack = [key]
        while stack:
            current = stack.pop()
            dropped.add(current)
            children = self._children.get(current)
            if not children:
                return None
            tolerant = {
                c for c in children if isinstance(self._nodes[c].stage, OptionalInputsStage)
            }
            released |= tolerant
            stack += children.keys() - tolerant
        for current in dropped:
            self._unfinished.pop(current, None)
        for current in released:
            self._unblock(current, dropped)
        return dropped

    def reschedule(self, damaged: str, reader: str, is_present: Callable[[str], bool]) -> bool:
        """Schedule a damaged input of `reader`, and its own absent inputs, before `reader`.

        Args:
            damaged: key of the artifact that was found damaged.
            reader: key of the node that could not read it.
            is_present: whether a node's artifact is in the store.

        Returns:
            False if it is scheduled already, because another reader found it damaged.
        """
        is_new = damaged not in self._unfinished
        stack = [(damaged, reader)]
        while stack:
            key, child = stack.pop()
            self._add_dependency(child, key)
            if key in self._unfinished:
                continue
            self._unfinished[key] = None
            self._blockers[key] = set()
            absent = [p.key for p in self._nodes[key].parents if not is_present(p.key)]
            stack += [(parent, key) for parent in absent]
            if not absent:
                self._unblock(key, set())
        return is_new

    def _add_dependency(self, child: str, parent: str) -> None:
        self._children.setdefault(parent, {})[child] = None
        self._blockers.setdefault(child, set()).add(parent)

    def _unblock(self, key: str, parents: set[str]) -> None:
        """Remove parents from a node's blockers; without any left, it is ready."""
        self._blockers[key] -= parents
        if not self._blockers[key]:
            heapq.heappush(self._ready, (self._priority[key], key))
