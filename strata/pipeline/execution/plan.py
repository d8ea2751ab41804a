"""Plan of a run: the nodes to be made, given the contents of the store."""

from dataclasses import dataclass, field
from functools import cached_property

from strata.pipeline.graph.stage import Node
from strata.pipeline.graph.topological_order import topological_order
from strata.pipeline.store.store import Store


@dataclass
class Plan:
    """Nodes of some targets, their states in the store, and those to be made.

    Attributes:
        nodes: the targets and all they depend on, by key, parents first.
        states: "present", "absent" or "damaged" for each key.
        needed: keys to be made, parents first.
    """

    nodes: dict[str, Node]
    states: dict[str, str]
    needed: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, targets: list[Node], store: Store, *, always: bool = False) -> "Plan":
        """Look up the state of every node and find those to be made.

        An absent artifact is needed only if something that depends on it is: results outlive
        intermediates that were removed. A damaged one is always needed.

        Args:
            targets: the nodes wanted in the end.
            always: make everything, present or not.
        """
        nodes = {node.key: node for node in topological_order(targets)}
        states = {key: store.state(key) for key in nodes}
        wanted = {key for key, state in states.items() if always or state == "damaged"}
        wanted |= {node.key for node in targets if states[node.key] != "present"}
        for key in reversed(nodes):
            if key in wanted:
                wanted |= {p.key for p in nodes[key].parents if states[p.key] != "present"}
        return cls(nodes, states, [key for key in nodes if key in wanted])

    @cached_property
    def _shard_names(self) -> dict[str, str]:
        shards = dict.fromkeys(node.shard.key for node in self.nodes.values() if node.shard)
        return {key: f"part {n} of {len(shards)}" for n, key in enumerate(shards, start=1)}

    def shard_name(self, node: Node) -> str:
        """ "part 3 of 12" of the plan's images; "" if the node's is the only one."""
        if node.shard is None or len(self._shard_names) < 2:
            return ""
        return self._shard_names.get(node.shard.key, "")

    def title(self, node: Node) -> str:
        """Title of a node for messages: "fisher, fold 3: dense_sift (part 3 of 12)"."""
        context = f"{node.context}: " if node.context else ""
        shard = self.shard_name(node)
        return f"{context}{node.stage.name}" + (f" ({shard})" if shard else "")
