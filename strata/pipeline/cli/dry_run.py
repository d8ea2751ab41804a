"""`strata make -n`: the artifacts that would be made, and why."""

from collections import Counter

from strata.pipeline.cli.disk import disk_use
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.execution.plan import Plan
from strata.pipeline.execution.rates import group_of
from strata.pipeline.execution.staleness import History, reasons
from strata.pipeline.experiment.compose import Target

#: Variants of one method that are listed one by one, at most.
MAX_VARIANTS = 3


def print_dry_run(workspace: Workspace, wanted: list[Target], plan: Plan) -> int:
    """Print each stage to be made with its number of artifacts, and the reasons."""
    if not plan.needed:
        workspace.console.print("Nothing to make: everything is up to date.")
        return 0
    lines = [
        f"would make  {method}{': ' if method else ''}{stage} ({count})"
        for (method, stage), count in _counts(wanted, plan).items()
    ]
    if any(target.pending_searches for target in wanted):
        lines.append("(stages after a search are counted as if its first trial had been selected)")
    history = History(workspace.store, workspace.note)
    lines += [f"because  {reason}" for reason in reasons(plan, history)]
    for line in [*lines, disk_use(workspace, plan)]:
        workspace.console.print(line, highlight=False, markup=False)
    return 0


def _counts(wanted: list[Target], plan: Plan) -> Counter[tuple[str, str]]:
    """Artifacts to be made by method and stage; those of many variants together."""
    variants = Counter(target.method.variant_of for target in wanted if target.method.variant_of)
    counts: Counter[tuple[str, str]] = Counter()
    for key in plan.needed:
        method, stage = group_of(plan.nodes[key])
        whole = method.partition("[")[0]
        if variants[whole] > MAX_VARIANTS:
            method = f"{whole} ({variants[whole]} variants)"
        counts[method, stage] += 1
    return counts
