"""Description of a method from the experiment file alone: stages, vector lengths, layers.

The method is composed on a fold of four images that do not exist: nothing is read and nothing made.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from strata.errors import InputError
from strata.files import expand_user
from strata.pipeline.experiment.compose import compose_one
from strata.pipeline.experiment.file import Experiment
from strata.pipeline.experiment.resolve import ResolvedMethod
from strata.pipeline.experiment.sources import SCENES
from strata.pipeline.graph.inputs import Fold, ImageShard, Subset
from strata.pipeline.graph.recipe_context import Data
from strata.pipeline.graph.topological_order import topological_order
from strata.pipeline.reporting.network_layers import network_layers
from strata.pipeline.reporting.pretrained_networks import pretrained_networks
from strata.pipeline.reporting.training_notes import source_networks, training_notes
from strata.pipeline.reporting.vector_dims import vector_dims
from strata.pipeline.stages.networks import train_source_network

if TYPE_CHECKING:
    from strata.pipeline.reporting.described_layers import DescribedLayer
    from strata.reports.model.pretrained import PretrainedNetwork


@dataclass(frozen=True)
class StageDescription:
    """One stage of a method.

    Attributes:
        dims: length of its vectors, None where it has none or it is not known.
        notes: sentences on the training of its network.
        layers: of the network that it trains or describes images with.
    """

    name: str
    summary: str
    parameters: dict[str, Any]
    dims: int | None
    notes: list[str]
    layers: "list[DescribedLayer]"


@dataclass(frozen=True)
class Description:
    """A method as its experiment file describes it, its stages in the order of computation.

    Attributes:
        pretrained: networks in it whose weights were learned before, on other images.
    """

    method: str
    recipe: str
    summary: str
    classes: int
    stages: list[StageDescription]
    pretrained: "list[PretrainedNetwork]"


def describe(name: str, methods: dict[str, ResolvedMethod], classes: int) -> Description:
    """Description of a method, of searched parameters with the values that they have without it.

    Args:
        methods: all methods of the file, which it may be made of.
        classes: number of classes.

    Raises:
        InputError: the method cannot be composed.
    """
    scores = compose_one(name, methods, NoImages(classes), placeholder_fold(classes))
    dims: dict[str, int] = {}
    stages: list[StageDescription] = []
    nodes = topological_order([scores])
    sources = source_networks(nodes)
    for node in nodes:
        length = vector_dims(node, dims, classes)
        if length is not None:
            dims[node.key] = length
        step = train_source_network if node.key in sources else node.stage
        described = StageDescription(
            step.name,
            step.summary,
            node.parameters,
            length,
            training_notes(node),
            network_layers(node, classes),
        )
        if described not in stages:  # as those of inner folds are
            stages.append(described)
    recipe = methods[name].recipe
    pretrained = pretrained_networks(scores, [])
    return Description(name, recipe.name, recipe.summary, classes, stages, pretrained)


def count_classes(experiment: Experiment) -> int:
    """Number of classes of an experiment's images, from names of folders or the split CSV alone.

    Raises:
        InputError: there are no images, or they are in an archive or at a URL.
    """
    source = str(experiment.data["source"])
    if source == SCENES:
        from strata.scenes.classes import SCENES as names

        return len(names)
    folder = experiment.folder / expand_user(source)
    if "://" in source or folder.is_file():
        raise InputError(
            f"The classes of {source} are not known before it is unpacked.",
            "Give their number: --classes 8.",
        )
    from strata.pipeline.data.source import open_source

    found = open_source(
        folder,
        split_csv=experiment.data["split"],
        base=experiment.folder,
        cache=Path(),  # for archives alone
        allow_missing=True,
    )
    return len({file.label for file in found.files})


@dataclass(frozen=True)
class NoImages:
    """Data set of no images, for composing."""

    classes: int

    def data_of(self, fold: Fold, method: Any) -> Data:
        """Data of a fold: one shard, which nothing reads."""
        shards = [_shard(fold.train)]
        return Data(shards, fold.train.classes, method, self.inner_folds, _NoFurtherImages())

    def inner_folds(self, fold: Fold, count: int) -> list[Fold]:
        """So many folds like the given one."""
        return [replace(fold, name=f"{fold.name}, inner fold {n + 1}") for n in range(count)]


class _NoFurtherImages:
    """Further folders, of which nothing is read."""

    def unlabeled(self, folder: str) -> tuple[list[ImageShard], Subset]:
        """Four images that do not exist, without labels."""
        subset = replace(placeholder_fold(2).train, labels=None)
        return [_shard(subset)], subset

    def labeled(self, source: str) -> tuple[list[ImageShard], Subset]:
        """Four images that do not exist, in two classes."""
        subset = placeholder_fold(2).train
        return [_shard(subset)], subset


def _shard(subset: Subset) -> ImageShard:
    return ImageShard("", subset.digests, (Path(),) * len(subset))


def placeholder_fold(classes: int) -> Fold:
    """A fold that trains on and scores two images of each of two classes, which do not exist."""
    names = tuple(f"class {number}" for number in range(classes))
    train = Subset(tuple("abcd"), tuple("0123"), (0, 0, 1, 1), names, 0)
    unlabeled = replace(train, labels=None)
    return Fold("described", 0, 0, train, unlabeled, left_out=unlabeled)
