"""`strata report`, and the report that `strata make` writes at its end."""

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from strata.digest import file_digest
from strata.errors import InputError
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.code.code_digest import code_key, save_parsed
from strata.pipeline.execution.executor import RunOutcome
from strata.pipeline.graph.derived import Derived
from strata.pipeline.reporting.audit_findings import derived_audit
from strata.pipeline.reporting.comparison import comparison
from strata.pipeline.reporting.pictures import with_pictures
from strata.pipeline.workspace.report import compared, write_files

if TYPE_CHECKING:
    from strata.reports.writer import ReportFiles

#: File beside the report with the key of everything that it was written from.
KEY_FILE = ".made-from"


def report(workspace: Workspace, *, zipped: bool = False, figures: Path | None = None) -> int:
    """Write the report of the results in the store.

    Raises:
        InputError: there are no results, and an existing report would be overwritten.
    """
    with workspace.store.in_use():
        _check_results(workspace)
        write_page(workspace, RunOutcome(), None, zipped=zipped, figures=figures)
    return 0


def _check_results(workspace: Workspace) -> None:
    page, store = workspace.out / "report.html", workspace.store
    none = all(store.state(target.node.key) == "absent" for target in workspace.targets)
    if none and page.exists():
        raise InputError(
            f"The store {store.root} has no results of any method with the current options, so "
            f"{page} stays as it is.",
            "If it was made with --set, --weights or --store, give the same options; or run "
            "`strata make`, with another --out to keep both reports.",
        )


def write_page(
    workspace: Workspace,
    outcome: RunOutcome,
    seconds: float | None,
    *,
    zipped: bool = False,
    figures: Path | None = None,
) -> None:
    """Write the report and the files beside it; print the ranking of the methods.

    Args:
        workspace: the experiment.
        outcome: outcome of the preceding run; its errors are reported.
        seconds: duration of that run, None where there was none.
        zipped: also write an archive with all pictures.
        figures: folder to write the figures to as SVG and PDF, None for none.
    """
    from strata.pipeline.cli.terminal.table import print_ranking
    from strata.text import one_line

    results = compared(workspace, outcome, [], command=_command(), seconds=seconds)
    files = write_files(workspace, results, zipped=zipped, figures=figures)
    print_ranking(workspace.console, results)
    for line in _written(files):
        workspace.console.print(one_line(line))


def _written(files: "ReportFiles") -> Iterator[str]:
    """Yield lines on the files written: path, size, and pictures left out for their size."""
    size = files.html.stat().st_size / 1e6
    used, budget = files.picture_bytes / 1e6, files.picture_budget / 1e6
    left = f", {files.left_out} left out" if files.left_out else ""
    yield f"report: {files.html} ({size:.1f} MB; pictures {used:.1f} of {budget:.1f} MB{left})"
    if files.previous:
        command = f"strata compare {shlex.quote(str(files.html.parent))}"
        yield f"kept: the report before, in {files.previous} ({command})"
    if files.archive:
        yield f"zip: {files.archive} ({files.archive.stat().st_size / 1e6:.1f} MB)"
    if files.figures:
        yield f"figures: {len(files.figures)} files in {files.figures[0].parent}"
    if files.missing_glyphs:
        yield (
            f"note: no font on this computer has {files.missing_glyphs}: the PDF figures show "
            "boxes instead. Install one that has them (Noto Sans CJK for Chinese, Japanese and "
            "Korean), or use the SVG figures."
        )


def _command() -> str:
    """Return the command that reproduces these results: `strata make`, also for `strata report`."""
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


def is_written(workspace: Workspace) -> bool:
    """True if the report is there, and was written from what the store holds now."""
    if not (workspace.out / "report.html").exists():
        return False
    try:
        written_from = (workspace.out / KEY_FILE).read_bytes()
    except OSError:
        return False
    return written_from == report_key(workspace).encode()


def report_key(workspace: Workspace) -> str:
    """Return the key of what the report is made from: results, images, file, code, templates."""
    templates = Path(__file__).parents[2] / "reports" / "page" / "templates"
    made = [
        (target.name, target.node.key, workspace.store.state(target.node.key))
        for target in workspace.targets
    ]
    source = (
        made,
        derived_audit(workspace.dataset.manifest, workspace.experiment).key,
        workspace.experiment.text,
        [code_key(made.__module__, made.__name__) for made in (comparison, with_pictures)],
        {path.name: file_digest(path) for path in sorted(templates.iterdir())},
    )
    key = Derived("report", source, ("strata.reports.writer", "write_report")).key
    save_parsed()
    return key
