"""A network that learns from another method of the experiment file, inside the folds."""

from dataclasses import replace

from strata.errors import InputError
from strata.pipeline.graph.inputs import Data, Fold
from strata.parameter_types import NonNegativeInt
from strata.pipeline.graph.recipe import recipe
from strata.pipeline.graph.stage import Node, Options
from strata.pipeline.stages.networks import network_scores, resized, soft_labels, train_network


@recipe
def distilled(
    data: Data,
    fold: Fold,
    *,
    teacher: str = "",
    inner_folds: NonNegativeInt = 4,
    images: Options = resized.options(size=64),
    distil: Options = soft_labels.options(),
    network: Options = train_network.options(),
) -> Node:
    """A network from scratch that also learns from the probabilities of the method `teacher`.

    They are of images that the teacher did not learn from: it is made once more for each inner
    fold. With `inner_folds = 0` it is the teacher of the fold itself, which knew their labels.

    Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network" (2015).
    """
    if not teacher:
        raise InputError("It names no teacher.", 'For example: teacher = "fisher".')
    parts = teaching_folds(data, fold, inner_folds)
    said = [data.method(teacher, part) for part in parts]
    taught = distil(said, [part.test for part in parts], fold.train)
    pixels = images(data.images)
    return network_scores(pixels, network(pixels, fold.train, taught), fold.test)


def teaching_folds(data: Data, fold: Fold, count: int) -> list[Fold]:
    """Folds whose images to be scored are together those that the fold learns from."""
    if count == 1:
        raise InputError("inner_folds = 1 leaves nothing to learn from.", "Take 2 or more, or 0.")
    if count:
        return data.inner_folds(fold, count)
    unlabeled = replace(fold.train, labels=None)
    return [replace(fold, name=f"{fold.name}, its own training images", test=unlabeled)]
