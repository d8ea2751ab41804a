"""Removal of artifacts from the store: those of given targets, or those no longer needed."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from strata.pipeline.graph.stage import Node
from strata.pipeline.graph.topological_order import topological_order
from strata.pipeline.store.scratch import sweep
from strata.pipeline.store.store import Store
from strata.pipeline.store.task_progress import forget_checkpoint


def own_keys(targets: Iterable[Node], others: Iterable[Node]) -> list[str]:
    """Keys of the artifacts that the targets depend on and no other target does."""
    shared = {node.key for node in topological_order(others)}
    return [node.key for node in topological_order(targets) if node.key not in shared]


def collectable(
    store: Store,
    needed: set[str],
    *,
    older_than: timedelta | None = None,
    to_size: int | None = None,
) -> list[tuple[str, int]]:
    """Artifacts that garbage collection would remove: (key, bytes), the oldest first.

    Args:
        store: the store to collect in.
        needed: keys that an experiment file or a report needs; these stay.
        older_than: minimum age.
        to_size: stop as soon as the store would hold no more than so many bytes.
    """
    found, total = [], 0
    for key in store.keys():  # noqa: SIM118 (a generator)
        size = store.size(key)
        total += size
        made = (store.manifest(key) or {}).get("made", "")
        if key not in needed:
            found.append((made, key, size))
    found.sort()
    if older_than is not None:
        limit = (datetime.now(UTC) - older_than).isoformat(timespec="seconds")
        found = [entry for entry in found if entry[0] < limit]
    selected = []
    for _, key, size in found:
        if to_size is not None and total <= to_size:
            break
        total -= size
        selected.append((key, size))
    return selected


def total_size(store: Store) -> int:
    """Bytes of all artifacts."""
    return sum(store.size(key) for key in store.keys())  # noqa: SIM118 (a generator)


def remove(store: Store, keys: Iterable[str], checkpoints: Iterable[str]) -> None:
    """Remove artifacts, checkpoints and all that is half-written, with every run kept out.

    Args:
        store: the store.
        keys: of the artifacts to remove.
        checkpoints: keys of artifacts whose unfinished training will not go on.

    Raises:
        InputError: a run is using the store.
    """
    with store.in_use(alone=True):
        for key in keys:
            store.discard(key)
        for key in checkpoints:
            forget_checkpoint(store.root, key)
        sweep(store.root, older_than=0)
