"""Distillation: a network that learns from another method of the file, inside the folds."""

from dataclasses import replace

from strata.errors import InputError
from strata.parameter_types import NonNegativeInt
from strata.pipeline.graph.inputs import Fold
from strata.pipeline.graph.recipe import recipe
from strata.pipeline.graph.recipe_context import Data
from strata.pipeline.graph.stage import Node, Options
from strata.pipeline.recipes.networks import trained
from strata.pipeline.stages.networks import network_scores, resize, soft_labels, train_network


@recipe
def distilled(
    data: Data,
    fold: Fold,
    *,
    teacher: str = "",
    inner_folds: NonNegativeInt = 4,
    unlabeled: str = "",
    images: Options = resize.options(size=64),
    distillation: Options = soft_labels.options(),
    network: Options = train_network.options(),
) -> Node:
    """Network trained from scratch on labels and on soft labels by the method `teacher`.

    Soft labels are out-of-fold: the teacher is trained once more for each inner fold. With
    `inner_folds = 0` they come from the teacher of the fold itself, which was trained on them.

    Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network" (2015).

    Args:
        teacher: name of a method of the file that gives probabilities.
        inner_folds: parts that the training images of a fold are cut into; 0 or 2 and more.
        unlabeled: folder of images without labels to pretrain on too, with `pretrain_epochs`;
            "training": the training images that `train_per_class` leaves out; "": none.
    """
    if not teacher:
        raise InputError("It names no teacher.", 'For example: teacher = "fisher".')
    parts = teaching_folds(data, fold, inner_folds)
    scores = [data.method(teacher, part) for part in parts]
    labels = distillation(scores, [part.test for part in parts], fold.train)
    pixels, fitted = trained(data, fold, unlabeled, images, network, labels)
    return network_scores(pixels, fitted, fold.test)


def teaching_folds(data: Data, fold: Fold, count: int) -> list[Fold]:
    """Folds whose test images are together the training images of a fold."""
    if count == 1:
        raise InputError("inner_folds = 1 leaves nothing to learn from.", "Take 2 or more, or 0.")
    if count:
        return data.inner_folds(fold, count)
    unlabeled = replace(fold.train, labels=None)
    return [replace(fold, name=f"{fold.name}, its own training images", test=unlabeled)]
