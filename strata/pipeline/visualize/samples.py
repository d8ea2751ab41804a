"""A few images to look at, with what the stages made of them."""

from collections.abc import Iterator
from typing import NamedTuple

from strata.pipeline.graph.inputs import Fold
from strata.pipeline.graph.stage import Node, Sharded
from strata.pipeline.store.artifact import Artifact
from strata.pipeline.store.store import Store

#: Images to look at, at most.
SAMPLE = 64


class Sample(NamedTuple):
    """One training image: its id, class number, and its row in the artifact of its shard."""

    id: str
    label: int
    digest: str
    artifact: Artifact
    row: int


def sharded_input(node: Node) -> Sharded:
    """The input of a node that comes in shards.

    Raises:
        LookupError: there is none.
    """
    for given in node.inputs:
        if isinstance(given, Sharded):
            return given
    raise LookupError(f"{node.stage.name} reads nothing that comes in shards")


def samples(sharded: Sharded, fold: Fold, store: Store, most: int = SAMPLE) -> list[Sample]:
    """Training images of the fold, as many of each class, from as few shards as will do.

    Raises:
        LookupError: the shards are no longer in the store.
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
            f"what {sharded.stage.name} made is no longer in the store; "
            "`strata make -B` makes it again"
        )
    return found


def _present(sharded: Sharded, store: Store) -> Iterator[tuple[Node, Artifact]]:
    for node in sharded.nodes:
        if store.state(node.key) == "present":
            yield node, store.read(node.key)
