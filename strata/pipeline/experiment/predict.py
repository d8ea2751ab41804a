"""Scores of new images by a method that has been made.

The method's own graph is reused: fitted nodes stay as they are, nodes that depend on the images are
composed again on the new ones. So prediction runs the same stages as evaluation.
"""

from typing import Any

from strata.pipeline.experiment.compose import Target
from strata.pipeline.graph.inputs import File, ImageShard, Subset
from strata.pipeline.graph.stage import Node, Sharded, ShardStage, composing


def on_new_images(target: Target, shards: list[ImageShard], images: Subset) -> Node:
    """Node of the scores of new images, by the model of the final fold, or else of the last one.

    Args:
        target: the method; if the experiment keeps no test images, the model of its last fold is
            used.
        shards: the new images.
        images: the same images without labels, in the order wanted of the scores.
    """
    fold, scores = target.folds[-1]
    known: dict[str, Node | Sharded] = {}

    def replaced(given: Any) -> Any:
        if isinstance(given, Subset):
            return images if given is fold.test else given
        if isinstance(given, Node):
            if given.learns:
                return given
            if given.key not in known:
                known[given.key] = given.stage(*map(replaced, given.inputs), **given.parameters)
            return known[given.key]
        if isinstance(given, Sharded):
            if given.key not in known:
                known[given.key] = replaced_shards(given)
            return known[given.key]
        if isinstance(given, File):
            return given
        return [replaced(part) for part in given]

    def replaced_shards(given: Sharded) -> Sharded:
        first = given.nodes[0]
        assert isinstance(first.stage, ShardStage)
        # An input of a shard's node is that shard's part of what the stage was given.
        inputs = [
            _whole_input(given, number, replaced, shards) for number in range(len(first.inputs))
        ]
        return first.stage(*inputs, **first.parameters)

    with composing(f"predict with {target.name}"):
        return replaced(scores)


def _whole_input(sharded: Sharded, number: int, replaced: Any, shards: list[ImageShard]) -> Any:
    """Input `number` of a shard stage, put together over its shards, for the new images."""
    part = sharded.nodes[0].inputs[number]
    if isinstance(part, ImageShard):
        return shards
    if isinstance(part, Node) and part.shard is not None:
        parts = [node.inputs[number] for node in sharded.nodes]
        return replaced(Sharded(part.stage, tuple(p for p in parts if isinstance(p, Node))))
    return replaced(part)


def as_subset(ids: list[str], digests: list[str], classes: tuple[str, ...]) -> Subset:
    """Subset of new images, without labels."""
    return Subset(tuple(ids), tuple(digests), None, classes, 0)
