"""Scores of new images by a method that has been made.

The method's own graph is used again: what was learned stays, what depends on the images is
composed anew for the new ones. So prediction cannot drift from training.
"""

from typing import Any

from strata.pipeline.experiment.compose import Target
from strata.pipeline.graph.inputs import File, ImageShard, Subset
from strata.pipeline.graph.stage import Node, Sharded, ShardStage, composing


def on_new_images(target: Target, shards: list[ImageShard], images: Subset) -> Node:
    """The node of the scores of new images by the model fitted on all training images.

    Args:
        target: the method; without test images, the model of its last fold is used.
        shards: the new images.
        images: the same, in the order that the scores are wanted in, without labels.
    """
    fold, scores = target.folds[-1]
    known: dict[int, Any] = {}

    def moved(given: Any) -> Any:
        if isinstance(given, Subset):
            return images if given is fold.test else given
        if isinstance(given, Node):
            if given.learns:
                return given
            if id(given) not in known:
                known[id(given)] = given.stage(*map(moved, given.inputs), **given.parameters)
            return known[id(given)]
        if isinstance(given, Sharded):
            if id(given) not in known:
                known[id(given)] = _moved_shards(given)
            return known[id(given)]
        if isinstance(given, File):
            return given
        return [moved(part) for part in given]

    def _moved_shards(given: Sharded) -> Sharded:
        first = given.nodes[0]
        assert isinstance(first.stage, ShardStage)
        # An input of a shard's node is that shard's part of what the stage was given.
        inputs = [_whole(given, number, moved, shards) for number in range(len(first.inputs))]
        return first.stage(*inputs, **first.parameters)

    with composing(f"predict with {target.name}"):
        return moved(scores)


def _whole(sharded: Sharded, number: int, moved: Any, shards: list[ImageShard]) -> Any:
    """Input `number` of a shard stage for the new images."""
    part = sharded.nodes[0].inputs[number]
    if isinstance(part, ImageShard):
        return shards
    if isinstance(part, Node) and part.shard is not None:
        parts = [node.inputs[number] for node in sharded.nodes]
        return moved(Sharded(part.stage, tuple(p for p in parts if isinstance(p, Node))))
    return moved(part)


def as_subset(ids: list[str], digests: list[str], classes: tuple[str, ...]) -> Subset:
    """New images, whose labels nobody knows."""
    return Subset(tuple(ids), tuple(digests), None, classes, 0)
