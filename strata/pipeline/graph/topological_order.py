"""Nodes of a graph, parents first."""

from collections.abc import Iterable

from strata.pipeline.graph.stage import Node


def topological_order(targets: Iterable[Node]) -> list[Node]:
    """Targets and all their ancestors, each key once, parents before children."""
    found: dict[str, Node] = {}
    for target in targets:
        stack = [(target, False)]
        while stack:
            node, parents_done = stack.pop()
            if node.key in found:
                continue
            if parents_done:
                found[node.key] = node
            else:
                stack.append((node, True))
                stack.extend((p, False) for p in reversed(node.parents) if p.key not in found)
    return list(found.values())
