"""The data as a recipe sees it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from strata.pipeline.graph.inputs import Fold, ImageShard
from strata.pipeline.graph.stage import Node


@dataclass(frozen=True)
class Data:
    """Images, classes and other methods, as a recipe sees them beside the fold.

    Attributes:
        images: all images of the fold, as shards: those of cross-validation hold no test image.
        classes: class names, sorted.
        method: composes another method of the experiment file, by name, on a fold: the node of
            the scores of `fold.test`.
        inner_folds: cuts the training part of a fold again, into so many folds, copies of one
            picture kept together; scores from them are of images not learned from.
    """

    images: Sequence[ImageShard]
    classes: tuple[str, ...]
    method: Callable[[str, Fold], Node]
    inner_folds: Callable[[Fold, int], list[Fold]]
