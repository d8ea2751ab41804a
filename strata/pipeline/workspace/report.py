"""Report of a workspace: written from what the store holds, and known by what it was made from."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from strata.digest import file_digest
from strata.pipeline.code.code_digest import code_key, save_parsed
from strata.pipeline.execution.executor import RunOutcome
from strata.pipeline.graph.derived import Derived
from strata.pipeline.reporting.audit_findings import derived_audit
from strata.pipeline.reporting.comparison import comparison
from strata.pipeline.store.gc_roots import register_report
from strata.pipeline.workspace.workspace import Workspace

if TYPE_CHECKING:
    from strata.reports.model.results import Comparison
    from strata.reports.writer import ReportFiles

#: File beside the report with the key of everything that it was written from.
KEY_FILE = ".made-from"


def compared(
    workspace: Workspace, outcome: RunOutcome, *, command: str, seconds: float | None
) -> "Comparison":
    """Results in the store of all targets, as reports read them.

    Args:
        workspace: the experiment.
        outcome: of the preceding run; its errors are reported.
        command: that made these results, as typed.
        seconds: duration of that run, None where there was none.
    """
    return comparison(
        workspace.experiment,
        workspace.dataset,
        workspace.targets,
        workspace.store,
        outcome=outcome,
        command=command,
        seconds=seconds,
    )


def write_files(
    workspace: Workspace,
    results: "Comparison",
    *,
    zipped: bool = False,
    figures: Path | None = None,
) -> "ReportFiles":
    """Write the report into the workspace's output folder; `gc` keeps what it was made from.

    Args:
        workspace: the experiment.
        results: of its targets.
        zipped: also write an archive with all pictures.
        figures: folder to write the figures to as SVG and PDF, None for none.

    Raises:
        StrataError: a folder cannot be written.
    """
    from strata.reports import write_report

    records = {record.id: record for record in workspace.dataset.manifest.records}
    files = write_report(
        results,
        workspace.out,
        thumbnail=lambda name: records[name].read(),
        zipped=zipped,
        figures=figures,
    )
    with suppress(OSError):  # a read-only store
        register_report(workspace.store, files.html, workspace.needed())
    return files


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
        code_key(comparison.__module__, comparison.__name__),
        {path.name: file_digest(path) for path in sorted(templates.iterdir())},
    )
    key = Derived("report", source, ("strata.reports.writer", "write_report")).key
    save_parsed()
    return key
