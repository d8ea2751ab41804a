"""A sample of training images with the artifacts of their shards."""

from collections.abc import Iterator
from typing import NamedTuple

from strata.pipeline.graph.inputs import Fold
from strata.pipeline.graph.stage import Node, Sharded
from strata.pipeline.store.artifact import Artifact
from strata.pipeline.store.store import Store

#: Default number of sampled images, at most.
SAMPLE_SIZE = 64


class Sample(NamedTuple):
    """One training image: id, class index, digest, and its row in the artifact of its shard."""

    id: str
    label: int
    digest: str
    artifact: Artifact
    row: int


def sharded_input(node: Node) -> Sharded:
    """The sharded input of a node.

    Raises:
        LookupError: it has none.
    """
    for given in node.inputs:
        if isinstance(given, Sharded):
            return given
    raise LookupError(f"{node.stage.name} has no sharded input")


def samples(sharded: Sharded, fold: Fold, store: Store, most: int = SAMPLE_SIZE) -> list[Sample]:
    """Training images of the fold, equally many of each class, from as few shards as possible.

    Args:
        sharded: whose artifacts the rows belong to.
        most: number of images; at least two of each class are taken.

    Raises:
        LookupError: no shard is in the store.
    """
    train = fold.train
    assert train.labels is not None
    each = max(2, most // max(1, len(train.classes)))
    label = dict(zip(train.digests, train.labels, strict=True))
    name = dict(zip(train.digests, train.ids, strict=True))
    taken = [0] * len(train.classes)
    found: list[Sample] = []
    for node, artifact in _present(sharded, store):
        for row, digest in enumerate(node.shard.digests if node.shard else ()):
            if digest in label and taken[label[digest]] < each:
                taken[label[digest]] += 1
                found.append(Sample(name[digest], label[digest], digest, artifact, row))
        if min(taken) >= each:
            break
    if not found:
        raise LookupError(
            f"the artifacts of {sharded.stage.name} are no longer in the store; "
            "`strata make -B` computes them again"
        )
    return found


def _present(sharded: Sharded, store: Store) -> Iterator[tuple[Node, Artifact]]:
    """Nodes whose artifacts are in the store, with these."""
    for node in sharded.nodes:
        if store.state(node.key) == "present":
            yield node, store.read(node.key)
