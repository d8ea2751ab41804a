"""Split of a scores node's ancestors into prediction steps and fitted models."""

from strata.pipeline.graph.inputs import Subset
from strata.pipeline.graph.stage import Node
from strata.pipeline.graph.topological_order import topological_order


def prediction_path(scores: Node) -> tuple[list[Node], list[Node]]:
    """The nodes between images and scores, and the models that these use, parents first.

    Models are fitted nodes, and nodes that depend on no images at all, such as pretrained
    weights. The ancestors of models (the inner folds of a fusion, say) are in neither list.
    """
    order = topological_order([scores])
    on_images = _image_dependent(order)
    path: set[str] = set()
    models: set[str] = set()
    waiting = [scores]
    while waiting:
        node = waiting.pop()
        if node.learns or node.key not in on_images:
            models.add(node.key)
        elif node.key not in path:
            path.add(node.key)
            waiting += node.parents
    return [n for n in order if n.key in path], [n for n in order if n.key in models]


def _image_dependent(order: list[Node]) -> set[str]:
    """Keys of the nodes that images go into, directly or by way of a parent."""
    found: set[str] = set()
    for node in order:
        direct = node.shard or any(isinstance(given, Subset) for given in node.inputs)
        if direct or any(parent.key in found for parent in node.parents):
            found.add(node.key)
    return found
