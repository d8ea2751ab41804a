"""Images of which a method sees nothing: a white wall has no local descriptors."""

from typing import Any

from strata.pipeline.graph.inputs import ImageShard
from strata.pipeline.graph.stage import Node
from strata.pipeline.store.store import Store


def undescribed(scores: Node, store: Store, digests: list[str]) -> set[str]:
    """Digests of the images that have no descriptor other than zero in all that a method reads.

    Scores of such images are those of an empty vector: the same for all of them, and as high as the
    training images without descriptors make them. A method that reads images in another way too
    (GIST, a network) sees them all.

    Args:
        scores: the node of the images' scores, whose artifacts are made.
        store: where these artifacts lie.
        digests: of the images' contents.
    """
    seen: set[str] = set()
    visited: set[str] = set()

    def visit(node: Node) -> None:
        if node.key in visited or node.learns:
            return
        visited.add(node.key)
        for shard in (given for given in node.inputs if isinstance(given, ImageShard)):
            if node.stage.role == "local descriptors":
                seen.update(_described(shard, store.read(node.key)))
            else:
                seen.update(shard.digests)
        for parent in node.parents:
            visit(parent)

    visit(scores)
    return set(digests) - seen


def _described(shard: ImageShard, local: Any) -> set[str]:
    """Digests of a shard's images that have a descriptor other than zero."""
    offsets = local["offsets"]
    return {
        digest
        for digest, begin, end in zip(shard.digests, offsets[:-1], offsets[1:], strict=True)
        if local["descriptors"][begin:end].any()
    }
