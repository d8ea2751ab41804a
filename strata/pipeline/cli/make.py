"""`strata make`: bring targets up to date, then write the report."""

import sys
import time

from strata.errors import StrataError
from strata.files import write_atomic
from strata.pipeline.cli.inspect import print_dry_run
from strata.pipeline.cli.report import KEY_FILE, is_written, report_key, write_page
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.execution.disk_use import announcement
from strata.pipeline.execution.eta import rounded_duration
from strata.pipeline.execution.executor import RunOutcome
from strata.pipeline.execution.plan import Plan
from strata.pipeline.execution.staleness import version_notes
from strata.pipeline.experiment.compose import Target
from strata.pipeline.workspace.make import check_names_of_backbones, make_targets
from strata.pipeline.workspace.remarks import remarks
from strata.reports.formatting import listing
from strata.text import printable


def make(
    workspace: Workspace,
    names: list[str],
    *,
    dry_run: bool,
    keep_going: bool,
    always: bool,
    frugal: bool = False,
) -> int:
    """Make the targets and the report; exit code 1 if a stage failed."""
    begun = time.perf_counter()
    with workspace.store.in_use():
        workspace.store.sweep()
        wanted, plan = workspace.plan(names, always=always)
        check_names_of_backbones(workspace, wanted, plan)
        if dry_run:
            return print_dry_run(workspace, wanted, plan)
        workspace.note_needed()
        if not plan.needed and is_written(workspace):
            _print_up_to_date(workspace, wanted, plan, time.perf_counter() - begun)
            return 0
        _print_remarks(workspace)
        _announce_disk_use(workspace, plan)
        outcome = make_targets(
            workspace, names, always=always, keep_going=keep_going, frugal=frugal
        )
        workspace.note_made()
        seconds = time.perf_counter() - begun
        if _needs_report(workspace, outcome):
            write_page(workspace, outcome, seconds)
        else:
            print(
                f"strata: no method has new results, so {workspace.out / 'report.html'} stays as "
                f"an earlier run wrote it ({workspace.command('report')} writes one of the results "
                "so far).",
                file=sys.stderr,
            )
        if not outcome.errors:
            write_atomic(workspace.out / KEY_FILE, report_key(workspace))
    return _print_summary(workspace, plan, outcome, seconds)


def _announce_disk_use(workspace: Workspace, plan: Plan) -> None:
    told = announcement(plan, workspace.store)
    if told:
        workspace.progress_console.print(told, highlight=False, markup=False)


def _print_remarks(workspace: Workspace) -> None:
    """Print how folders were read, and what is doubtful about the classes, to stderr."""
    for remark in remarks(workspace.dataset):
        print(remark, file=sys.stderr)


def _needs_report(workspace: Workspace, outcome: RunOutcome) -> bool:
    """Decide whether to write the report: nothing failed, there are new results, or no report."""
    made = set(outcome.made)
    new = any(target.node.key in made for target in workspace.targets)
    return not outcome.errors or new or not (workspace.out / "report.html").exists()


def _print_up_to_date(
    workspace: Workspace, wanted: list[Target], plan: Plan, seconds: float
) -> None:
    """Print that the targets are up to date, notes on package versions, the report's path."""
    names = listing(target.name for target in wanted)
    workspace.console.print(
        f"Nothing to be done: {names} "
        f"{'is' if len(wanted) == 1 else 'are'} up to date "
        f"({len(plan.nodes)} artifacts checked in {seconds:.2f} s).",
    )
    for note in version_notes(plan, workspace.store):
        workspace.console.print(f"note: {note}")
    text = f"report: {workspace.out / 'report.html'}"
    workspace.console.print(text)


def _print_summary(workspace: Workspace, plan: Plan, outcome: RunOutcome, seconds: float) -> int:
    """Print counts of artifacts, and the errors with equal ones merged; return the exit code."""
    kept = len(plan.nodes) - len(plan.needed)
    text = (
        f"made {len(outcome.made)} artifacts in {rounded_duration(seconds)}, {kept} were up to date"
    )
    workspace.console.print(text)
    if not outcome.errors:
        return 0
    alike: dict[str, list[StrataError]] = {}
    for error in outcome.errors.values():
        alike.setdefault(error.what, []).append(error)
    for first, *others in alike.values():
        more = f"\n  The same in {', '.join(error.where for error in others)}." if others else ""
        print(printable(f"strata: {first}{more}"), file=sys.stderr)
    if outcome.skipped:
        print(
            f"strata: {len(outcome.skipped)} artifacts that depend on these were not made; "
            "everything finished is kept.",
            file=sys.stderr,
        )
    return 1
