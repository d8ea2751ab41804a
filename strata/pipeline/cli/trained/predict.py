"""`strata predict`: classify new images with a trained method or a model file."""

import os
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, cast

from strata.errors import InputError
from strata.pipeline.cli.terminal.predictions import CsvRows, JsonLines, Predictions, TableRows
from strata.pipeline.cli.trained.method_argument import refuse_other_files
from strata.pipeline.data.layout.names import counted
from strata.pipeline.prediction.batch import MAX_IMAGES
from strata.pipeline.prediction.device import most_processes, on_device
from strata.pipeline.prediction.listing.paths import AskedFiles
from strata.pipeline.prediction.model import Model
from strata.pipeline.prediction.model_file import SUFFIX, load_model
from strata.pipeline.prediction.stream import predict_paths
from strata.pipeline.workspace.console import Terminal
from strata.pipeline.workspace.step_progress import StepProgress
from strata.pipeline.workspace.workspace import cores

if TYPE_CHECKING:
    from strata.pipeline.cli.workspace import Workspace

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
    """Test whether an argument names a model file, and no method.

    A file that only happens to have a method's name is none.

    Raises:
        InputError: it names an image or an ONNX file.
    """
    refuse_other_files(name)
    if Path(name).suffix == SUFFIX or "/" in name or os.sep in name:
        return True
    try:
        with open(name, "rb") as stream:
            return stream.read(2) == b"PK"  # a zip
    except OSError:
        return False


def predict_by_file(path: str, modules: Sequence[Path], request: Request) -> int:
    """Classify images with a model file, and the files of its own stages; see `classify`."""
    return classify(load_model(path, modules), request)


def predict_by_method(workspace: "Workspace", method: str, request: Request) -> int:
    """Classify images with a method that is up to date; see `classify`."""
    # A model file needs none of these, which load scikit-learn for their reports.
    from strata.pipeline.cli.trained.target import trained_target
    from strata.pipeline.workspace.trained import trained

    with workspace.store.in_use():
        return classify(trained(workspace, trained_target(workspace, method)), request)


def classify(model: Model, request: Request) -> int:
    """Print a prediction for each image as it comes.

    Exit code 2 if something that was asked for has no class; it is named, and the others go on.
    """
    if request.device is not None:
        model = on_device(model, request.device)
    files = AskedFiles(request.images, cast(BufferedReader, sys.stdin.buffer))
    batch = request.batch or MAX_IMAGES
    jobs = most_processes(model, request.jobs or cores())
    if files.total is not None:
        jobs = min(jobs, -(-files.total // batch))
    console = Terminal()
    # A bar on the terminal that results go to must be of the same console, or the two mix.
    notes = console if console.is_terminal and sys.stderr.isatty() else Terminal(stderr=True)
    output = _output(model, request, console, notes, files)
    done = failed = 0
    predictions = predict_paths(model, files, jobs=jobs, batch_size=batch)
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
