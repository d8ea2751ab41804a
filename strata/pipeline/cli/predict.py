"""`strata predict`: classify new images with a trained method or a model file."""

import shlex
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import cast

from strata.errors import InputError
from strata.pipeline.cli.terminal.console import Terminal
from strata.pipeline.cli.terminal.predictions import CsvRows, JsonLines, Predictions, TableRows
from strata.pipeline.cli.terminal.steps import StepProgress
from strata.pipeline.cli.workspace import Workspace, cores
from strata.pipeline.data.layout.names import counted
from strata.pipeline.execution.executor import Run
from strata.pipeline.execution.plan import Plan
from strata.pipeline.execution.progress_bar import ProgressBar
from strata.pipeline.experiment.compose import Target
from strata.pipeline.experiment.trained import trained_model
from strata.pipeline.prediction.batch import MAX_IMAGES
from strata.pipeline.prediction.device import most_processes, on_device
from strata.pipeline.prediction.model import Model
from strata.pipeline.prediction.paths import AskedFiles
from strata.pipeline.prediction.stream import predict_paths

#: Name of the step in the progress.
CLASSIFYING = "classifying"


@dataclass(frozen=True)
class Request:
    """Images to classify, and the form of the answer.

    Attributes:
        images: paths, patterns, or `-`.
        as_json: JSON lines.
        as_csv: CSV.
        top: number of classes of an image; None: as many as the format has.
        batch: images that are classified together; None: `MAX_IMAGES`.
        device: of the networks; None: as the method says.
        jobs: number of worker processes; None: all cores.
    """

    images: Sequence[str]
    as_json: bool = False
    as_csv: bool = False
    top: int | None = None
    batch: int | None = None
    device: str | None = None
    jobs: int | None = None

    def __post_init__(self) -> None:
        if self.as_json and self.as_csv:
            raise InputError("--json and --csv are two formats.", "Give one of them.")


def is_model_file(name: str) -> bool:
    """Test whether an argument names a model file, and no method."""
    return Path(name).suffix == ".strata" or Path(name).is_file()


def predict_by_file(path: str, request: Request) -> int:
    """Classify images with a model file; see `classify`."""
    from strata.pipeline.prediction.model_file import load_model

    return classify(load_model(Path(path)), request)


def predict_by_method(workspace: Workspace, method: str, request: Request) -> int:
    """Classify images with a method that is up to date; see `classify`.

    Fitted parts that are no longer in the store, as after `--frugal`, are made again.
    """
    wanted = workspace.chosen([method])
    if len(wanted) > 1:
        names = ", ".join(target.name for target in wanted)
        raise InputError(f"'{method}' has variants.", f"Name one of them: {names}.")
    with workspace.store.in_use():
        return classify(_model(workspace, wanted[0]), request)


def _model(workspace: Workspace, target: Target) -> Model:
    if workspace.store.state(target.node.key) != "present":
        raise InputError(
            f"{target.name} is not up to date with the current images, parameters and code.",
            _remedy(workspace, target.name),
        )
    model, plan = trained_model(target, workspace.dataset, workspace.store)
    if plan.needed:
        _make(workspace, plan)
    return model


def _make(workspace: Workspace, plan: Plan) -> None:
    with ProgressBar(workspace.progress_console, plan, workspace.store, workspace.jobs) as observer:
        run = Run(plan, workspace.store, observer, jobs=workspace.jobs)
        outcome = run.execute(keep_going=False)
    for error in outcome.errors.values():
        raise error


def _remedy(workspace: Workspace, method: str) -> str:
    """Hint for a method that is not up to date: other settings of the last report, or `make`."""
    from strata.reports import read_results

    hint = (
        f"Run {workspace.command('make', method)} first; "
        f"{workspace.command('why', method)} tells what changed."
    )
    try:
        last = read_results(workspace.out)["run"].get("settings", [])
    except InputError:  # no report, or none that this version reads
        return hint
    if last == list(workspace.experiment.settings):
        return hint
    given = " ".join(f"--set {shlex.quote(setting)}" for setting in last) or "no --set"
    return f"The last report was made with {given}: give the same here. Or else: {hint}"


def classify(model: Model, request: Request) -> int:
    """Print a prediction for each image as it comes.

    Exit code 2 if something that was asked for has no class; it is named, and the others go on.
    """
    if request.device is not None:
        model = on_device(model, request.device)
    jobs = most_processes(model, request.jobs or cores())
    files = AskedFiles(request.images, cast(BufferedReader, sys.stdin.buffer))
    console = Terminal()
    # A bar on the terminal that results go to must be of the same console, or the two mix.
    notes = console if console.is_terminal and sys.stderr.isatty() else Terminal(stderr=True)
    output = _output(model, request, console, notes, files)
    done = failed = 0
    predictions = predict_paths(model, files, jobs=jobs, batch_size=request.batch or MAX_IMAGES)
    with StepProgress(notes) as steps, closing(predictions):
        steps.update(CLASSIFYING, 0, files.total or 0)
        for done, prediction in enumerate(predictions, 1):
            failed += bool(prediction.problem)
            output.write(prediction)
            steps.update(CLASSIFYING, done, files.total or 0)
    output.end()
    if failed:
        notes.print(f"{failed:,} of {counted(done, 'file')} without a class.")
    if files.others:
        notes.print(f"{counted(files.others, 'other file')} in the folders are no images.")
    return 2 if failed else 0


def _output(
    model: Model, request: Request, console: Terminal, notes: Terminal, files: AskedFiles
) -> Predictions:
    if request.as_json:
        return JsonLines(console, notes, model.classes, request.top)
    if request.as_csv:
        return CsvRows(console, notes, model.classes, request.top)
    table = TableRows(console, notes, model.classes, request.top)
    if files.total is not None:
        table.fit_names([file.path for file in files if not file.problem])
    return table
