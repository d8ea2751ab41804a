"""The data as a recipe sees it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from strata.pipeline.graph.inputs import Fold, ImageShard, Subset
from strata.pipeline.graph.stage import Node


class Further(Protocol):
    """Images beside the data set, by the folder that a method names: shards, images in order.

    Copies of the data set's own images are not among them.
    """

    def unlabeled(self, folder: str) -> tuple[Sequence[ImageShard], Subset]:
        """Images of a folder of any depth, without labels."""

    def labeled(self, source: str) -> tuple[Sequence[ImageShard], Subset]:
        """Images in class folders, with their labels."""


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
        further: reads further folders of images; None where none can be.
        names: of the methods of the experiment file.
    """

    images: Sequence[ImageShard]
    classes: tuple[str, ...]
    method: Callable[[str, Fold], Node]
    inner_folds: Callable[[Fold, int], list[Fold]]
    further: Further | None = None
    names: tuple[str, ...] = ()
