"""Making of targets: everything that their graphs need, in rounds where a search selects."""

from strata.pipeline.execution.executor import Run, RunOutcome
from strata.pipeline.execution.plan import Plan
from strata.pipeline.execution.progress_bar import ProgressBar
from strata.pipeline.experiment.compose import Target
from strata.pipeline.graph.stage import Node
from strata.pipeline.workspace.workspace import Workspace


def make_targets(
    workspace: Workspace,
    names: list[str],
    *,
    keep_going: bool,
    always: bool = False,
    frugal: bool = False,
) -> RunOutcome:
    """Make the named targets, or all, with progress on the workspace's console.

    In rounds: the trial that a search picks decides the stages after it. What a round of a search
    makes may be read in the next one, and stays with `frugal` too.

    Args:
        workspace: the experiment and its store.
        names: of targets; empty: all.
        keep_going: after a failure, go on with what does not depend on it.
        always: make artifacts even if they are in the store.
        frugal: remove descriptors and vectors of this run once no stage of it reads them again.
    """
    store, jobs = workspace.store, workspace.jobs
    whole = RunOutcome()
    tried: set[str] = set()
    while True:
        wanted = workspace.chosen(names)
        goals = [node for target in wanted for node in _untried(target, tried)]
        if not goals:
            return whole
        plan = Plan.of(goals, store, always=always)
        with ProgressBar(workspace.progress_console, plan, store, jobs) as progress:
            last = not any(target.pending_searches for target in wanted)
            run = Run(plan, store, progress, jobs=jobs, always=always, frugal=frugal and last)
            whole += run.execute(keep_going=keep_going)
        if not workspace.searches or (whole.errors and not keep_going):
            return whole
        tried |= {node.key for node in goals}
        always = False
        workspace.compose_again()
        workspace.note_needed()


def _untried(target: Target, tried: set[str]) -> tuple[Node, ...]:
    """Return the goals of a target, or none if all of them have been tried already."""
    return (
        target.build_targets if any(node.key not in tried for node in target.build_targets) else ()
    )


def check_names_of_backbones(workspace: Workspace, wanted: list[Target], plan: Plan) -> None:
    """Check what a plan would make for names of networks and nodes; errors name the experiment."""
    from strata.errors import naming
    from strata.pipeline.workspace.check_backbones import check_backbones

    with naming(workspace.experiment.path.name):
        check_backbones(wanted, plan)
