"""Taking artifacts out of the store: a target's own, or what is no longer of use."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from strata.pipeline.graph.stage import Node
from strata.pipeline.graph.topological_order import topological_order
from strata.pipeline.store.store import Store


def own_keys(targets: Iterable[Node], others: Iterable[Node]) -> list[str]:
    """Keys that these targets need and no other one does."""
    shared = {node.key for node in topological_order(others)}
    return [node.key for node in topological_order(targets) if node.key not in shared]


def collectable(
    store: Store,
    needed: set[str],
    *,
    older_than: timedelta | None = None,
    to_size: int | None = None,
) -> list[tuple[str, int]]:
    """What `gc` would remove: (key, bytes), the oldest first.

    Args:
        store: where to look.
        needed: keys that an experiment file needs; they stay.
        older_than: only what was made longer ago.
        to_size: only as much as is needed to bring the store below so many bytes.
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
    chosen = []
    for _, key, size in found:
        if to_size is not None and total <= to_size:
            break
        total -= size
        chosen.append((key, size))
    return chosen


def remove(store: Store, keys: Iterable[str], on_removed: Callable[[str], None]) -> None:
    """Take artifacts out while no run uses the store.

    Raises:
        InputError: a run is using the store.
    """
    with store.in_use(alone=True):
        for key in keys:
            store.discard(key)
            on_removed(key)
