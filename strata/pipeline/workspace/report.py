"""Results of a workspace as reports read them, and the files of a report."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from strata.pipeline.execution.executor import RunOutcome
from strata.pipeline.reporting.comparison import comparison
from strata.pipeline.reporting.pictures import with_pictures
from strata.pipeline.reporting.shared_mistakes import shared_mistakes_key
from strata.pipeline.store.gc_roots import register_report
from strata.pipeline.workspace.workspace import Workspace

if TYPE_CHECKING:
    from strata.reports.model.results import Comparison
    from strata.reports.writer import ReportFiles


def compared(
    workspace: Workspace,
    outcome: RunOutcome,
    names: list[str],
    *,
    command: str,
    seconds: float | None,
) -> "Comparison":
    """Results in the store of the named targets, without names of all, as reports read them.

    Args:
        workspace: the experiment.
        outcome: of the preceding run; its errors are reported.
        names: of targets.
        command: that made these results, as typed.
        seconds: duration of that run, None where there was none.
    """
    return comparison(
        workspace.experiment,
        workspace.dataset,
        workspace.chosen(names),
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
    """Draw the report and write it into the workspace's output folder; `gc` keeps what it shows.

    Args:
        workspace: the experiment.
        results: of its targets.
        zipped: also write an archive with all pictures.
        figures: folder to write the figures to as SVG and PDF, None for none.

    Raises:
        StrataError: a folder cannot be written.
    """
    from strata.reports import write_report

    dataset, store = workspace.dataset, workspace.store
    records = {record.id: record for record in dataset.manifest.records}
    with workspace.steps as steps:
        results = with_pictures(results, workspace.targets, dataset, store, steps.during)
        with steps.during("drawing the report"):
            files = write_report(
                results,
                workspace.out,
                thumbnail=lambda name: records[name].read(),
                zipped=zipped,
                figures=figures,
            )
    with suppress(OSError):  # a read-only store
        by_name = {target.name: target for target in workspace.targets}
        shown = [by_name[method.name] for method in results.methods]
        figure = shared_mistakes_key(shown, results.methods)
        register_report(store, files.html, {*workspace.needed(), figure})
    return files
