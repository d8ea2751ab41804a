"""`strata explain`: evidence for the class that a method gives an image, as pictures and a page."""

import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from io import BufferedReader
from pathlib import Path
from typing import cast

import numpy as np

from strata.errors import InputError, nearest
from strata.image_io import ImageError
from strata.pipeline.cli.terminal.predictions import FLAT
from strata.pipeline.cli.trained.explanation_folder import explanation_folder
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.data.layout.names import some
from strata.pipeline.explain.explained_images import Thumbnail, explained_images
from strata.pipeline.prediction.batch import ImageBatch, in_batches
from strata.pipeline.prediction.classify import loaded, read_with_flatness
from strata.pipeline.prediction.listing.paths import AskedFiles
from strata.pipeline.prediction.model import Model
from strata.pipeline.prediction.one_by_one import Failed
from strata.pipeline.workspace.console import Terminal
from strata.pipeline.workspace.step_progress import StepProgress
from strata.reports.model.explained import ExplainedImage
from strata.text import one_line, utf8

#: Images that are explained at once.
BATCH = 8
#: Name of the step in the progress.
EXPLAINING = "explaining"


@dataclass(frozen=True)
class Request:
    """Images and classes to explain, and the folder for what comes of it.

    Attributes:
        images: paths of images and folders, patterns.
        out: folder for the pictures and the page.
        named: a class to explain besides the predicted one, in place of the next best ones.
        top: number of best classes.
    """

    images: Sequence[str]
    out: Path
    named: str | None = None
    top: int = 2


def explain_by_file(path: str, modules: Sequence[Path], request: Request) -> int:
    """Explain predictions of a model file; see `explain`."""
    from strata.pipeline.prediction.model_file import load_model

    return explain(load_model(path, modules), request)


def explain_by_method(workspace: Workspace, method: str, request: Request) -> int:
    """Explain predictions of a method that is up to date; see `explain`."""
    from strata.pipeline.cli.trained.target import trained_target
    from strata.pipeline.workspace.trained import trained

    model = trained(workspace, trained_target(workspace, method))
    records = {record.id: record for record in workspace.dataset.manifest.records}

    def thumbnail(name: str) -> np.ndarray | None:
        with suppress(ImageError, OSError, KeyError):  # a page without it is a page
            found: np.ndarray = records[name].read()
            return found
        return None

    with workspace.store.in_use():
        return explain(model, request, thumbnail)


def explain(model: Model, request: Request, thumbnail: Thumbnail = lambda name: None) -> int:
    """Write maps and a page on why images have their classes, as they come.

    Returns:
        Exit code: 2 if something that was asked for has no class; it is named.

    Raises:
        InputError: no such class, or no folder to write to.
        StrataError: the model cannot be used.
    """
    named = None if request.named is None else _number(model, request.named)
    loaded(model)
    _make_folder(request.out)

    def work(batch: ImageBatch, names: Sequence[str]) -> Iterator[ExplainedImage | Failed]:
        return explained_images(
            model, batch, names, top=request.top, named=named, thumbnail=thumbnail
        )

    files = AskedFiles(request.images, cast(BufferedReader, sys.stdin.buffer))
    console = Terminal()
    # A bar on the terminal that results go to must be of the same console, or the two mix.
    notes = console if console.is_terminal and sys.stderr.isatty() else Terminal(stderr=True)
    problems: dict[str, str] = {}
    with StepProgress(notes) as steps, explanation_folder(request.out, model.name) as folder:
        steps.update(EXPLAINING, 0, files.total or 0)
        for done, (name, found) in enumerate(_results(model, files, work), 1):
            if isinstance(found, Failed):
                problems[name] = found.reason
                console.print(one_line(f"{name}: {found.reason}"))
            else:
                folder.add(found)
                console.print(one_line(f"{name}: {_classes(found)}"))
                if found.note:
                    console.print(one_line(f"{name}: {found.note}"))
            steps.update(EXPLAINING, done, files.total or 0)
        page = folder.finish(problems)
    if page:
        console.print(f"explanations: {page}")
    return 2 if problems else 0


def _results(
    model: Model,
    files: AskedFiles,
    work: Callable[[ImageBatch, Sequence[str]], Iterator[ExplainedImage | Failed]],
) -> Iterator[tuple[str, ExplainedImage | Failed]]:
    """Explained image, or reason why there is none, of each file, in batches."""
    waiting: deque[tuple[str, bool]] = deque()
    unread: deque[tuple[str, Failed]] = deque()

    def images() -> Iterator[np.ndarray]:
        for file in files:
            name = utf8(file.path)
            if file.problem:
                unread.append((name, Failed(file.problem)))
                continue
            try:
                image, flat = read_with_flatness(file.path, model.value_ranges)
            except ImageError as error:
                unread.append((name, Failed(error.reason)))
                continue
            waiting.append((name, flat))
            yield image

    for batch in in_batches(images(), BATCH):
        while unread:
            yield unread.popleft()
        read = [waiting.popleft() for _ in range(len(batch))]
        explained = work(batch, [name for name, _ in read])
        for (name, flat), found in zip(read, explained, strict=True):
            if flat and isinstance(found, ExplainedImage):
                found = replace(found, note=FLAT)
            yield name, found
    yield from unread


def _number(model: Model, name: str) -> int:
    if name not in model.classes:
        raise InputError(
            f"{model.name} knows no class '{name}'.", nearest(name, list(model.classes))
        )
    return model.classes.index(name)


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{out} cannot be written to: {error.strerror}.", "Name another folder with -o."
        ) from error


def _classes(image: ExplainedImage) -> str:
    return ", ".join(
        f"{one.name} {one.value:.2f}{f' (tied with {some(one.tied, 3)})' if one.tied else ''}"
        for one in image.classes
    )
