"""Predictions of a few image files, as a worker process makes them."""

import pickle
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from strata.image_io import ImageError
from strata.pipeline.prediction.batch import in_batches
from strata.pipeline.prediction.images import Ranges, read_file
from strata.pipeline.prediction.listing.paths import AskedFile
from strata.pipeline.prediction.model import UNDESCRIBED, Model, ScoredBatch
from strata.pipeline.prediction.one_by_one import Failed, each_image

#: Levels, of 256, that the values of an image span at least, unless it is nearly flat.
FLAT = 8


@dataclass(frozen=True)
class Prediction:
    """Prediction for a file, or the reason why there is none.

    Attributes:
        path: of the file, as it was asked for.
        scores: (classes,) float64; None with a problem.
        probabilities: likewise; None of a method that gives none, too.
        problem: reason why the file has no class; "" if it has one.
        flat: whether the image is nearly of one color, so that its class says little.
        undescribed: whether the problem is that the method sees nothing of the image.
    """

    path: str
    scores: np.ndarray | None = None
    probabilities: np.ndarray | None = None
    problem: str = ""
    flat: bool = False
    undescribed: bool = False


def classify_files(pickled: bytes, files: Sequence[AskedFile]) -> list[Prediction]:
    """Predictions of files, in their order, by a pickled model.

    The files are read once each, and scored in as many batches as their pixels need.

    Raises:
        StrataError: the model itself cannot be used.
    """
    model = _unpickled(pickled)
    found = [Prediction(file.path, problem=file.problem) for file in files]
    scored: deque[int] = deque()

    def images() -> Iterator[np.ndarray]:
        for number, file in enumerate(files):
            if file.problem:
                continue
            try:
                image, flat = read_with_flatness(file.path, model.value_ranges)
            except ImageError as error:
                found[number] = replace(found[number], problem=error.reason)
                continue
            found[number] = replace(found[number], flat=flat)
            scored.append(number)
            yield image

    for batch in in_batches(images(), len(files)):
        for part in each_image(lambda some: _rows(model.scored(some)), batch):
            number = scored.popleft()
            if isinstance(part, Failed):
                part = {"problem": part.reason, "flat": False}
            found[number] = replace(found[number], **part)
    return found


@lru_cache(maxsize=1)
def _unpickled(pickled: bytes) -> Model:
    """Model with all that it needs loaded, once per process."""
    return loaded(pickle.loads(pickled))


def loaded(model: Model) -> Model:
    """Load all that a model needs, so that what it lacks is no fault of an image.

    Raises:
        StrataError: the model cannot be used.
    """
    _ = model.stages
    for name in model.artifacts:
        _ = model.artifacts[name]
    return model


def read_with_flatness(path: str, ranges: Ranges) -> tuple[np.ndarray, bool]:
    """Decode a file, see `read_file`, and test whether it is nearly flat.

    Raises:
        ImageError: the file cannot be read.
    """
    image, extent = read_file(path, ranges)
    return image, extent is None and is_flat(image)


def is_flat(image: np.ndarray) -> bool:
    """Test whether no channel of an image (H, W, 3) uint8 spans `FLAT` levels."""
    few = image[::16, ::16]  # enough to tell nearly every image that is not
    return all(int(np.ptp(part, axis=(0, 1)).max()) < FLAT for part in (few, image))


def _rows(scored: ScoredBatch) -> list[dict[str, Any]]:
    """Values of the prediction for each image."""
    rows: list[dict[str, Any]] = []
    for number, undescribed in enumerate(scored.undescribed):
        if undescribed:
            rows.append({"problem": UNDESCRIBED, "undescribed": True, "flat": False})
            continue
        row: dict[str, Any] = {"scores": scored.scores[number]}
        if scored.probabilities is not None:
            row["probabilities"] = scored.probabilities[number]
        rows.append(row)
    return rows
