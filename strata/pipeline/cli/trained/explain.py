"""`strata explain`: evidence for the class that a method gives an image, as pictures and a page."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from strata.errors import InputError, nearest
from strata.files import write_atomic
from strata.image_io import ImageError
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.explain.explained_images import Thumbnail, explained_images
from strata.pipeline.prediction.batch import in_batches
from strata.pipeline.prediction.images import read_file
from strata.pipeline.prediction.model import Model
from strata.pipeline.prediction.paths import AskedFiles
from strata.reports.model.explained import ExplainedImage, ExplainedPredictions
from strata.text import one_line, utf8

#: Images that are explained at once.
BATCH = 8
PAGE = "explanations.html"


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


def explain_by_file(path: str, request: Request) -> int:
    """Explain predictions of a model file; see `explain`."""
    from strata.pipeline.prediction.model_file import load_model

    return explain(load_model(Path(path)), request)


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
    """Write maps and a page on why images have their classes; exit code 2 if some are unreadable.

    Raises:
        InputError: no such class, or no folder to write to.
    """
    from strata.reports.page.explanations import explanations_html

    named = None if request.named is None else _number(model, request.named)
    _make_folder(request.out)
    names: list[str] = []
    problems: dict[str, str] = {}
    found: list[ExplainedImage] = []
    for batch in in_batches(_read(model, request.images, names, problems), BATCH):
        some = names[len(found) : len(found) + len(batch)]
        explained = explained_images(
            model, batch, some, top=request.top, named=named, thumbnail=thumbnail
        )
        for image in explained:
            found.append(image)
            _write_maps(image, len(found), request.out)
            print(one_line(f"{image.name}: {_classes(image)}"))
    for name, reason in problems.items():
        print(one_line(f"{name}: {reason}"))
    if found:
        page = ExplainedPredictions(model.name, found, problems)
        write_atomic(request.out / PAGE, explanations_html(page))
        print(f"explanations: {request.out / PAGE}")
    return 2 if problems else 0


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


def _read(
    model: Model, given: Sequence[str], names: list[str], problems: dict[str, str]
) -> Iterator[np.ndarray]:
    """Images that can be read; their names, and the reasons why others cannot, are noted."""
    for file in AskedFiles(given):
        name, problem = utf8(file.path), file.problem
        try:
            image = None if problem else read_file(file.path, model.value_ranges)[0]
        except ImageError as error:
            image, problem = None, error.reason
        if image is None:
            problems[name] = problem
        else:
            names.append(name)
            yield image


def _classes(image: ExplainedImage) -> str:
    return ", ".join(f"{one.name} {one.value:.2f}" for one in image.classes)


def _write_maps(image: ExplainedImage, number: int, out: Path) -> None:
    """Write each map as a PNG file whose name tells image, class and branch."""
    from strata.reports.page.pictures import png

    for explained in image.classes:
        for place, branch in enumerate(explained.branches, start=1):
            if branch.picture is not None:
                parts = [f"{number:03}", Path(image.name).stem, explained.name, str(place)]
                name = "-".join(re.sub(r"[^\w.]+", "_", part)[:60] for part in parts)
                (out / f"{name}.png").write_bytes(png(branch.picture))
