"""Estimate of what a plan will write, against what is free on the disk of the store."""

import shutil

from strata.pipeline.execution.plan import Plan
from strata.pipeline.execution.rates import RATES, Estimates
from strata.pipeline.store.store import Store
from strata.reports.formatting import size

#: Bytes to be written from which on a run announces them.
MUCH = 1e9


def disk_use(plan: Plan, store: Store) -> str:
    """Sentence on what a plan will write and what is free."""
    return (
        f"To be written: about {size(_expected_bytes(plan, store))}; free on the disk of the "
        f"store: {size(_free_bytes(store))}."
    )


def announcement(plan: Plan, store: Store) -> str:
    """The same before a run, if it is much; a warning if it is more than is free; else "".

    A warning only: it is an estimate, and a full disk loses nothing that is finished.
    """
    expected, free = _expected_bytes(plan, store), _free_bytes(store)
    if expected > free:
        return (
            f"strata: about {size(expected)} will be written, but the disk of the store "
            f"{store.root} has {size(free)} free.\n"
            "  What is finished is kept where it gets full. `strata gc` removes what no experiment "
            "needs; --store DIR names a folder on a larger disk; --frugal, or single methods "
            "(`strata make METHOD`), need less."
        )
    return disk_use(plan, store) if expected > MUCH else ""


def _expected_bytes(plan: Plan, store: Store) -> float:
    estimates = Estimates(store.root / RATES)
    return estimates.total(plan.nodes[key] for key in plan.needed).bytes


def _free_bytes(store: Store) -> int:
    return shutil.disk_usage(store.root).free
