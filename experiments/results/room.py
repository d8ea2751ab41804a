"""Disk space for a run: what later runs do not read is removed where the next would not fit."""

import shutil
from collections.abc import Iterable

from experiments.results.outlook import Outlook
from experiments.results.runs import Place, Run
from strata.pipeline.execution.frugal import BULKY
from strata.pipeline.execution.gc import remove, total_size
from strata.pipeline.execution.plan import Plan
from strata.pipeline.store.store import Store

#: Bytes of the disk that no run may count on.
RESERVE = 2e9


def free_bytes(store: Store, limit: float | None) -> float:
    """Bytes that a run may write: free on the disk, and left of the store's limit."""
    free = shutil.disk_usage(store.root).free - RESERVE
    return free if limit is None else min(free, limit - total_size(store))


def removable(made: Iterable[Plan], left: Iterable[Plan], store: Store) -> list[str]:
    """Keys of images, descriptors and vectors in the store that no run that is left depends on.

    Fitted models and scores stay, so the runs that were made are still up to date.
    """
    needed = {key for plan in left for key in plan.nodes}
    found = {
        key
        for plan in made
        for key, node in plan.nodes.items()
        if node.stage.role in BULKY and key not in needed and store.state(key) != "absent"
    }
    return sorted(found)


def make_room(number: int, runs: list[Run], place: Place, limit: float | None) -> list[str]:
    """Remove what later runs do not need, if a run would not fit; return options for the run.

    Args:
        number: of the run to be made next; those before it are made.
        runs: all runs, in order.
        place: where their store is.
        limit: bytes that the store may hold; None for the whole disk.
    """
    store = Store(place.store).open()
    wanted = Outlook.of(runs[number], place).bytes
    if not wanted:
        return []
    if wanted > free_bytes(store, limit):
        plans = [Outlook.of(run, place).plan for run in runs]
        keys = removable(filter(None, plans[:number]), filter(None, plans[number:]), store)
        remove(store, keys, [])
        print(f"    not enough room: {len(keys)} descriptors and vectors removed", flush=True)
    return ["--frugal"] if wanted > free_bytes(store, limit) else []
