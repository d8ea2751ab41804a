"""Plan of a run: the nodes to be made, by what is in the store."""

from dataclasses import dataclass, field

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
        """Ask the store about every node.

        What is absent is needed only where something that depends on it is: results outlive the
        intermediates that were cleaned away. What is damaged is always needed.
        """
        nodes = {node.key: node for node in topological_order(targets)}
        states = {key: store.state(key) for key in nodes}
        wanted = {key for key, state in states.items() if always or state == "damaged"}
        wanted |= {node.key for node in targets if states[node.key] != "present"}
        for key in reversed(nodes):
            if key in wanted:
                wanted |= {p.key for p in nodes[key].parents if states[p.key] != "present"}
        return cls(nodes, states, [key for key in nodes if key in wanted])
