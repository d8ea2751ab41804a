"""Estimate of what a run will write, against what is free on the disk of the store."""

import shutil
import sys

from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.execution.plan import Plan
from strata.pipeline.execution.rates import RATES, Estimates
from strata.reports.formatting import size

#: Bytes to be written from which on `make` announces them.
MUCH = 1e9


def disk_use(workspace: Workspace, plan: Plan) -> str:
    """Sentence on what a plan will write and what is free."""
    return (
        f"To be written: about {size(_expected_bytes(workspace, plan))}; free on the disk of the "
        f"store: {size(_free_bytes(workspace))}."
    )


def announce_disk_use(workspace: Workspace, plan: Plan) -> None:
    """Print what a plan will write if it is much, and a warning if it is more than is free.

    A warning only: it is an estimate, and a full disk loses nothing that is finished.
    """
    expected, free = _expected_bytes(workspace, plan), _free_bytes(workspace)
    if expected > free:
        print(
            f"strata: about {size(expected)} will be written, but the disk of the store "
            f"{workspace.store.root} has {size(free)} free.\n"
            "  What is finished is kept where it gets full. `strata gc` removes what no experiment "
            "needs; --store DIR names a folder on a larger disk; a run of single methods "
            "(`strata make METHOD`) needs less.",
            file=sys.stderr,
        )
    elif expected > MUCH:
        print(disk_use(workspace, plan), file=sys.stderr)


def _expected_bytes(workspace: Workspace, plan: Plan) -> float:
    estimates = Estimates(workspace.store.root / RATES)
    return estimates.total(plan.nodes[key] for key in plan.needed).bytes


def _free_bytes(workspace: Workspace) -> int:
    return shutil.disk_usage(workspace.store.root).free
