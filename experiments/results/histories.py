"""Quantities of a network's layers by epoch, from the artifacts that a run's report was made from.

results.json does not have them, as there is one for each layer, epoch and fold.
"""

import re
from pathlib import Path
from statistics import fmean

from experiments.results.cells import AbsentError, short
from strata.pipeline.store.gc_roots import registered_reports
from strata.pipeline.store.store import Store

#: Placeholder's field -> quantity in a training history, and the epoch (an index).
LAYER_FIELDS = {"zeros_first": ("zeros", 0), "zeros_last": ("zeros", -1)}


def layer_cells(field: str, store: Path, report: Path, method: str) -> str:
    """One cell for each block of a method's network: the mean over folds of a quantity.

    Args:
        field: a key of `LAYER_FIELDS`.
        store: folder of the artifacts.
        report: HTML file that was made from them.
        method: name of the method.

    Raises:
        AbsentError: the store has no training history of the method with that quantity.
    """
    quantity, epoch = LAYER_FIELDS[field]
    entries = [history[epoch] for history in _histories(store, report, method)]
    names = [
        name
        for name in (entries[0] if entries else {})
        if re.fullmatch(rf"{quantity}/block\d+", name)
    ]
    if not names:
        raise AbsentError(f"the store has no {quantity} of the layers of {method}")
    return " | ".join(short(fmean(entry[name] for entry in entries), 2) for name in names)


def _histories(store: Path, report: Path, method: str) -> list[list[dict[str, float]]]:
    """Training history of each fold, one dict per epoch."""
    opened = Store(store)
    found = []
    for path, keys in registered_reports(opened):
        if path == report.resolve():
            for key in sorted(keys):
                manifest = opened.manifest(key) or {}
                if manifest.get("context", "").startswith(f"{method}, fold"):
                    found.append(opened.read(key).get("history"))
    return [history for history in found if history]
