"""Removal of descriptors and vectors in a run, as soon as nothing in it will read them again."""

from collections.abc import Iterator

from strata.pipeline.execution.plan import Plan
from strata.pipeline.graph.stage import Node

#: Roles whose artifacts are large and can be made again from the images.
BULKY = ("images", "local descriptors", "vectors")


class RemainingReaders:
    """Nodes of a plan that have still to read each bulky artifact that the plan makes."""

    def __init__(self, plan: Plan) -> None:
        self._readers: dict[str, set[str]] = {}
        made = set(plan.needed)
        for key in plan.needed:
            for parent in plan.nodes[key].parents:
                if parent.key in made and parent.stage.role in BULKY:
                    self._readers.setdefault(parent.key, set()).add(key)

    def finished(self, reader: Node, *, found: bool) -> Iterator[str]:
        """Yield the keys of the artifacts that this node was the last to read.

        Args:
            reader: the node.
            found: another run made its artifact, and may still read it: that one stays.
        """
        if found:
            self._readers.pop(reader.key, None)
        for parent in reader.parents:
            waiting = self._readers.get(parent.key, set())
            if reader.key in waiting:
                waiting.remove(reader.key)
                if not waiting:
                    yield parent.key
