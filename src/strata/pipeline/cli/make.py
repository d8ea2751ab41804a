"""`strata make` and `strata report`."""

import json
import shlex
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from strata.errors import InputError, StrataError
from strata.files import write_whole
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.compose import Target
from strata.pipeline.execute import Outcome, Run
from strata.pipeline.hashing import content_key
from strata.pipeline.pace import duration
from strata.pipeline.plan import Plan
from strata.pipeline.progress import Progress, group_of
from strata.pipeline.results import comparison
from strata.pipeline.roots import note_report
from strata.pipeline.stage import Node
from strata.pipeline.why import reasons, snapshot_of, version_notes

if TYPE_CHECKING:
    from strata.reports.writer import ReportFiles

#: Beside the report: what it was written from.
MARK = ".made-from"


def make(
    workspace: Workspace, names: list[str], *, dry_run: bool, keep_going: bool, always: bool
) -> int:
    """Make the targets and the report; exit code 1 if something failed."""
    begun = time.perf_counter()
    with workspace.store.in_use():
        workspace.store.sweep()
        wanted, plan = workspace.plan(names, always=always)
        _check_names(workspace, wanted, plan)
        if dry_run:
            return _announce(workspace, wanted, plan)
        mark = _report_key(workspace)
        written = (workspace.out / "report.html").exists()
        if not plan.needed and written and _read(workspace.out / MARK) == mark:
            _say_up_to_date(workspace, wanted, plan, time.perf_counter() - begun)
            return 0
        outcome = _run(workspace, names, always=always, keep_going=keep_going)
        _remember_images(workspace)
        seconds = time.perf_counter() - begun
        if _says_more(workspace, outcome):
            _write_report(workspace, outcome, seconds)
        else:
            print(
                f"strata: no method has new results, so {workspace.out / 'report.html'} stays as "
                "an earlier run wrote it (`strata report` writes one of what is there now).",
                file=sys.stderr,
            )
        if not outcome.errors:
            write_whole(workspace.out / MARK, _report_key(workspace))
    return _close(workspace, plan, outcome, seconds)


def _check_names(workspace: Workspace, wanted: list[Target], plan: Plan) -> None:
    from strata.pipeline.backbone_names import check_backbones

    try:
        check_backbones(wanted, plan)
    except InputError as error:
        raise InputError(f"{workspace.experiment.path.name}: {error.what}", error.hint) from None


def report(workspace: Workspace, *, zipped: bool = False, figures: Path | None = None) -> int:
    """Write the report of what lies in the store.

    Raises:
        InputError: that is nothing, and a report would be lost.
    """
    with workspace.store.in_use():
        _check_results(workspace)
        _write_report(workspace, Outcome(), None, zipped=zipped, figures=figures)
    return 0


def _check_results(workspace: Workspace) -> None:
    page, store = workspace.out / "report.html", workspace.store
    none = all(store.state(target.node.key) == "absent" for target in workspace.targets)
    if none and page.exists():
        raise InputError(
            f"The store {store.root} has no results of any method as they are asked for now, so "
            f"{page} stays as it is.",
            "If it was made with --set, --weights or --store, give the same ones; `strata make` "
            "makes what is missing, another --out keeps both reports.",
        )


def _says_more(workspace: Workspace, outcome: Outcome) -> bool:
    """Whether a report of this run holds something that an earlier run's does not, or none is."""
    made = set(outcome.made)
    new = any(target.node.key in made for target in workspace.targets)
    return not outcome.errors or new or not (workspace.out / "report.html").exists()


def _run(workspace: Workspace, names: list[str], *, always: bool, keep_going: bool) -> Outcome:
    """Make the targets; in rounds, for what a search picks decides what comes after it."""
    store, jobs = workspace.store, workspace.jobs
    whole = Outcome()
    tried: set[str] = set()
    while True:
        goals = [node for target in workspace.chosen(names) for node in _untried(target, tried)]
        if not goals:
            return whole
        plan = Plan.of(goals, store, always=always)
        with Progress(workspace.progress_console, plan, store, jobs) as progress:
            run = Run(plan, store, progress, jobs=jobs, always=always)
            whole += run.execute(keep_going=keep_going)
        if not workspace.searches or (whole.errors and not keep_going):
            return whole
        tried |= {node.key for node in goals}
        always = False
        workspace.compose_again()


def _untried(target: Target, tried: set[str]) -> tuple[Node, ...]:
    """The goals of a target, unless nothing has changed since they were run."""
    return target.goals if any(node.key not in tried for node in target.goals) else ()


def _write_report(
    workspace: Workspace,
    outcome: Outcome,
    seconds: float | None,
    *,
    zipped: bool = False,
    figures: Path | None = None,
) -> None:
    from strata.pipeline.cli.table import print_ranking
    from strata.pipeline.data.images import read_image
    from strata.reports import write_report

    dataset = workspace.dataset
    compared = comparison(
        workspace.experiment,
        dataset,
        workspace.targets,
        workspace.store,
        outcome=outcome,
        command=_command(),
        seconds=seconds,
    )
    paths = {record.id: record.path for record in dataset.manifest.records}
    files = write_report(
        compared,
        workspace.out,
        thumbnail=lambda name: read_image(paths[name]),
        zipped=zipped,
        figures=figures,
    )
    with suppress(OSError):  # a store that can only be read
        note_report(workspace.store, files.html, workspace.needed())
    print_ranking(workspace.console, compared)
    for line in _written(files):
        workspace.console.print(line, highlight=False, markup=False)


def _written(files: "ReportFiles") -> Iterator[str]:
    """Where the report is, how large, and whether all pictures found room."""
    size = files.html.stat().st_size / 1e6
    used, budget = files.picture_bytes / 1e6, files.picture_budget / 1e6
    left = f", {files.left_out} left out" if files.left_out else ""
    yield f"report: {files.html} ({size:.1f} MB; pictures {used:.1f} of {budget:.1f} MB{left})"
    if files.archive:
        yield f"zip: {files.archive} ({files.archive.stat().st_size / 1e6:.1f} MB)"
    if files.figures:
        yield f"figures: {len(files.figures)} files in {files.figures[0].parent}"


def _command() -> str:
    """What makes these results again: `make`, where `report` wrote them down."""
    given = sys.argv[1:]
    if given[:1] != ["report"]:
        return shlex.join(["strata", *given])
    kept, rest = ["strata", "make"], iter(given[1:])
    for part in rest:
        if part == "--figures":
            next(rest, None)
        elif part != "--zip" and not part.startswith("--figures="):
            kept.append(part)
    return shlex.join(kept)


def _announce(workspace: Workspace, wanted: list[Target], plan: Plan) -> int:
    """What `make -n` says: each stage to be made, and the causes."""
    if not plan.needed:
        workspace.console.print("Nothing to be made.")
        return 0
    counts: Counter[tuple[str, str]] = Counter()
    for key in plan.needed:
        node = plan.nodes[key]
        counts[group_of(node)] += 1
    for (method, stage), count in counts.items():
        where = f"{method}: " if method else ""
        text = f"would make  {where}{stage} ({count})"
        workspace.console.print(text, highlight=False, markup=False)
    if any(target.open for target in wanted):
        workspace.console.print("(after a search counted as if it had picked its first trial)")
    for reason in reasons(plan, workspace.store):
        workspace.console.print(f"because  {reason}", highlight=False, markup=False)
    return 0


def _say_up_to_date(workspace: Workspace, wanted: list[Target], plan: Plan, seconds: float) -> None:
    names = ", ".join(target.name for target in wanted)
    workspace.console.print(
        f"Nothing to be done: {names} "
        f"{'is' if len(wanted) == 1 else 'are'} up to date "
        f"({len(plan.nodes)} artifacts looked at in {seconds:.2f} s).",
        highlight=False,
        markup=False,
    )
    for note in version_notes(plan, workspace.store):
        workspace.console.print(f"note: {note}", highlight=False, markup=False)
    text = f"report: {workspace.out / 'report.html'}"
    workspace.console.print(text, highlight=False, markup=False)


def _close(workspace: Workspace, plan: Plan, outcome: Outcome, seconds: float) -> int:
    kept = len(plan.nodes) - len(plan.needed)
    text = f"made {len(outcome.made)} artifacts in {duration(seconds)}, {kept} were up to date"
    workspace.console.print(text, highlight=False)
    if not outcome.errors:
        return 0
    alike: dict[tuple[str, str], list[StrataError]] = {}
    for error in outcome.errors.values():
        alike.setdefault((error.what, error.hint), []).append(error)
    for first, *others in alike.values():
        more = f"\n  The same in {', '.join(error.where for error in others)}." if others else ""
        print(f"strata: {first}{more}", file=sys.stderr)
    if outcome.skipped:
        print(
            f"strata: {len(outcome.skipped)} artifacts were not made because of that; "
            "everything finished is kept.",
            file=sys.stderr,
        )
    return 1


def _report_key(workspace: Workspace) -> str:
    """Changes when the report would: results, what else it says, or the code that writes it."""
    from strata.pipeline import results

    folder = Path(results.__file__).parents[1] / "reports"
    code = {
        str(path.relative_to(folder)): path.stat().st_mtime_ns
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    }
    made = [
        (target.name, target.node.key, workspace.store.state(target.node.key))
        for target in workspace.targets
    ]
    return content_key(made, workspace.dataset.manifest.digest, workspace.experiment.text, code)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _remember_images(workspace: Workspace) -> None:
    path = snapshot_path(workspace)
    write_whole(path, json.dumps(snapshot_of(workspace.dataset.manifest)))


def snapshot_path(workspace: Workspace) -> Path:
    """Where the images of the last run are noted, for `why`."""
    return workspace.store.data / f"images-of-{workspace.experiment.name}.json"
