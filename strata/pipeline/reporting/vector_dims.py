"""Dimensions of the vectors between the stages of a method, as far as its parameters tell them."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from strata.pipeline.graph.stage import Node, Stage
from strata.pipeline.stages import encodings, global_descriptors, reductions

#: Side of the gray image that descriptors are computed of, to see how long they are.
SIDE = 64


def vector_dims(node: Node, known: Mapping[str, int], classes: int) -> int | None:
    """Length of the vectors that a node's artifact holds, or learns to make; None where unknown.

    Args:
        known: lengths of the nodes that it reads, by key.
        classes: number of classes.
    """
    read = [known[parent.key] for parent in node.parents if parent.key in known]
    if node.stage.role == "local descriptors":
        return _descriptor_length(node)
    if node.stage is global_descriptors.gist_descriptor:
        return int(node.stage.run([_image()], **node.parameters)["vectors"].shape[1])
    rule = _RULES.get(node.stage)
    return rule(node.parameters, read, node.parents, classes) if rule and read else None


def _descriptor_length(node: Node) -> int | None:
    """Length of local descriptors, from one image; of those that read images alone."""
    if len(node.inputs) != 1:
        return None
    return int(node.stage.run([_image()], **node.parameters)["descriptors"].shape[1])


def _image() -> np.ndarray:
    """An image with something to describe, uint8 RGB."""
    return np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)


def _cells(parameters: Mapping[str, Any]) -> int:
    """Number of cells of a spatial pyramid."""
    from strata.features.encodings.spatial_pyramid import pyramid

    return sum(grid.cells for grid in pyramid(parameters["pyramid"], parameters["levels"]))


def _bag_of_words(p: Any, read: list[int], parents: list[Node], _: int) -> int:
    words = next(n.parameters["n_words"] for n in parents if n.stage is encodings.visual_words)
    return int(words) * _cells(p)


def _fisher(p: Any, read: list[int], parents: list[Node], _: int) -> int:
    points = min(p["n_dims"] or read[0], read[0]) + 2 * (p["position_weight"] != 0)
    return 2 * int(p["n_components"]) * points * _cells(p)


def _pca(p: Any, read: list[int], parents: list[Node], _: int) -> int | None:
    return min(int(p["n_components"]), sum(read)) if p["n_components"] >= 1 else None


#: Length by stage, from its parameters, the lengths that it reads, the nodes that it reads, and the
#: number of classes. Vectors of several branches are read side by side.
_RULES: dict[Stage, Callable[[Any, list[int], list[Node], int], int | None]] = {
    encodings.bag_of_words: _bag_of_words,
    encodings.fisher_vectors: _fisher,
    encodings.vlad: lambda p, read, parents, classes: int(p["n_words"]) * read[0],
    encodings.encode: lambda p, read, parents, classes: read[-1],
    reductions.standardize: lambda p, read, parents, classes: sum(read),
    reductions.centered_power: lambda p, read, parents, classes: sum(read),
    reductions.pca: _pca,
    reductions.lda: lambda p, read, parents, classes: min(
        p["n_components"] or classes - 1, classes - 1
    ),
    reductions.additive_kernel_map: lambda p, read, parents, classes: (
        (2 * p["order"] + 1) * sum(read)
    ),
    reductions.nystroem: lambda p, read, parents, classes: int(p["n_components"]),
    reductions.apply_reduction: lambda p, read, parents, classes: read[-1],
}
