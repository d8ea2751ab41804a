"""Explained predictions with drawn maps, as a page shows them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from strata.pipeline.explain.explain import explain_run
from strata.pipeline.explain.explanation import UNSIGNED, Explanation
from strata.pipeline.explain.prediction_run import PredictionRun
from strata.pipeline.prediction.batch import ImageBatch
from strata.pipeline.prediction.model import UNDESCRIBED, Model
from strata.pipeline.prediction.one_by_one import Failed, each_image
from strata.pipeline.visualize.overlay import fitted_in, overlay
from strata.reports.model.explained import ExplainedBranch, ExplainedClass, ExplainedImage

#: Longest side of a picture with a map over it, in pixels.
SIDE = 480

#: Gives the picture of a training image by its id; None where it is not at hand.
Thumbnail = Callable[[str], np.ndarray | None]


def explained_images(
    model: Model,
    batch: ImageBatch,
    names: Sequence[str],
    *,
    top: int = 2,
    named: int | None = None,
    thumbnail: Thumbnail = lambda name: None,
) -> Iterator[ExplainedImage | Failed]:
    """Images of a batch, each with the evidence for some classes, the predicted one first.

    Args:
        model: the method.
        batch: n images.
        names: of the images.
        top: number of best classes.
        named: number of a class to explain besides the predicted one, in place of the next best.
        thumbnail: of training images.

    Returns:
        n images; in the place of one that fails, or of which the method sees nothing, the reason.
    """

    def work(some: ImageBatch) -> list[ExplainedImage | Failed]:
        return _explained(PredictionRun(model, some), top, named, thumbnail)

    for name, found in zip(names, each_image(work, batch), strict=True):
        yield found if isinstance(found, Failed) else replace(found, name=name)


def _explained(
    run: PredictionRun, top: int, named: int | None, thumbnail: Thumbnail
) -> list[ExplainedImage | Failed]:
    """Images of a batch, yet without names."""
    found, images, names = run.values[-1], run.batch.images, run.model.classes
    scores = np.asarray(found["scores"])
    values = np.asarray(found.get("probabilities", scores))
    ranked = np.argsort(-scores, axis=1, kind="stable")
    places = [ranked[:, i] for i in range(min(top, ranked.shape[1]))]
    if named is not None:
        places = [ranked[:, 0], np.full(len(images), named)]
    explained: list[list[ExplainedClass]] = [[] for _ in images]
    for classes in places:
        numbers = classes.tolist()
        for row, told in enumerate(explain_run(run, numbers)):
            number = numbers[row]
            if any(one.name == names[number] for one in explained[row]):
                continue  # the named class is the predicted one
            branches = [_branch(one, images[row], thumbnail) for one in told]
            own = scores[row, number]
            rank = 1 + int((scores[row] > own).sum())
            tied = [names[i] for i in np.flatnonzero(scores[row] == own) if i != number]
            value = float(values[row, number])
            explained[row].append(ExplainedClass(names[number], rank, value, branches, tied))
    described = run.model.described(run.values, len(images))
    return [
        ExplainedImage("", fitted_in(image, SIDE), classes, "probabilities" in found)
        if seen
        else Failed(UNDESCRIBED)
        for image, classes, seen in zip(images, explained, described, strict=True)
    ]


def _branch(one: Explanation, image: np.ndarray, thumbnail: Thumbnail) -> ExplainedBranch:
    """An explanation with its map drawn over the image."""
    signed, picture = one.kind not in UNSIGNED, None
    if one.map is not None:
        picture = overlay(fitted_in(image, SIDE), one.map, signed=signed)
    return ExplainedBranch(
        one.title,
        picture,
        signed,
        one.map is not None and bool(np.isnan(one.map).any()),
        one.total,
        one.offset,
        [(name, share, thumbnail(name)) for name, share in one.neighbors],
        one.note,
    )
