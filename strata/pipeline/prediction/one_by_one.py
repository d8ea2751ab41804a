"""Work on batches of images in which one image that fails does not stop the others."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from strata.errors import StrataError
from strata.pipeline.execution.peak_memory import is_out_of_memory
from strata.pipeline.prediction.batch import ImageBatch

AFFECTS_RESULTS = False  # passes on what the work makes

T = TypeVar("T")


@dataclass(frozen=True)
class Failed:
    """Reason why there is nothing for an image."""

    reason: str


def each_image(
    work: Callable[[ImageBatch], Sequence[T]], batch: ImageBatch
) -> Iterator[T | Failed]:
    """Results of work for each image; where it fails for the batch, of the images one by one."""
    try:
        found = work(batch)
    except Exception as error:
        if len(batch) == 1:
            yield Failed(_reason(error))
            return
    else:
        yield from found
        return
    for image in batch:
        yield from each_image(work, ImageBatch.of([image]))


def _reason(error: Exception) -> str:
    if isinstance(error, StrataError):
        return " ".join(str(error).split())
    if is_out_of_memory(error):
        return "not enough memory; fewer processes need less of it: -j 1"
    return f"cannot be classified ({type(error).__name__}: {error})"
