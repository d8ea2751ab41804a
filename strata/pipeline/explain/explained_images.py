"""Explained predictions with drawn maps, as a page shows them."""

from collections.abc import Callable, Sequence

import numpy as np

from strata.pipeline.explain.explain import explain_run
from strata.pipeline.explain.explanation import Explanation
from strata.pipeline.explain.prediction_run import PredictionRun
from strata.pipeline.prediction.batch import ImageBatch
from strata.pipeline.prediction.model import Model
from strata.pipeline.visualize.overlay import fitted_in, overlay
from strata.reports.model.explained import ExplainedBranch, ExplainedClass, ExplainedImage

#: Longest side of a picture with a map over it, in pixels.
SIDE = 480
#: Kinds of explanations whose maps are not negative.
UNSIGNED = ("grad-cam",)

#: Said of an image of which a method sees nothing.
NOTHING_SEEN = (
    "The method finds no descriptors in this image: its class is that of an empty vector."
)

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
) -> list[ExplainedImage]:
    """Images of a batch, each with the evidence for some classes, the predicted one first.

    Args:
        model: the method.
        batch: n images.
        names: of the images.
        top: number of best classes.
        named: number of a class to explain besides the predicted one, in place of the next best.
        thumbnail: of training images.
    """
    run = PredictionRun(model, batch)
    found = run.values[-1]
    probabilities = "probabilities" in found
    values = np.asarray(found["probabilities"] if probabilities else found["scores"])
    ranked = np.argsort(-np.asarray(found["scores"]), axis=1, kind="stable")
    places = [ranked[:, i] for i in range(min(top, ranked.shape[1]))]
    if named is not None:
        places = [ranked[:, 0], np.full(len(batch), named)]
    explained: list[list[ExplainedClass]] = [[] for _ in names]
    described = model.described(run.values, len(batch))
    for classes in places:
        numbers = classes.tolist()
        for row, told in enumerate(explain_run(run, numbers)):
            number = numbers[row]
            if any(one.name == model.classes[number] for one in explained[row]):
                continue  # the named class is the predicted one
            branches = [_branch(one, batch.images[row], thumbnail) for one in told]
            rank = int(np.flatnonzero(ranked[row] == number)[0]) + 1
            value = float(values[row, number])
            explained[row].append(ExplainedClass(model.classes[number], rank, value, branches))
    return [
        ExplainedImage(
            name, fitted_in(image, SIDE), classes, probabilities, "" if seen else NOTHING_SEEN
        )
        for name, image, classes, seen in zip(
            names, batch.images, explained, described, strict=True
        )
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
