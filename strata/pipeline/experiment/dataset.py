"""Data set of an experiment: images read and checked, splits, folds and shards."""

import dataclasses
import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from strata.errors import InputError
from strata.pipeline.experiment.file import Experiment
from strata.pipeline.experiment.further_images import FurtherImages
from strata.pipeline.experiment.sources import ProgressCallback, SourceReader
from strata.pipeline.experiment.splits import SplitAssignment, assign_splits
from strata.pipeline.experiment.subsets import renumbered, shards_of
from strata.pipeline.graph.inputs import Fold, ImageShard, Subset
from strata.pipeline.graph.recipe_context import Data
from strata.pipeline.graph.stage import Node
from strata.pipeline.store.store import Store
from strata.seeds import derive, generator

if TYPE_CHECKING:
    from strata.pipeline.data.manifest import ImageRecord, Manifest


@dataclass(frozen=True)
class Dataset:
    """Images of an experiment with their test split and folds.

    Attributes:
        manifest: the images.
        assignment: test split, folds and duplicate groups, in the manifest's order.
        protocol: the checked [protocol] table.
        further: images that methods name beside these.
    """

    manifest: "Manifest"
    assignment: SplitAssignment
    protocol: dict[str, Any]
    further: FurtherImages

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Class names, sorted; labels are indices into them."""
        return tuple(self.manifest.classes)

    @cached_property
    def _labels(self) -> dict[str, int]:
        index = {name: i for i, name in enumerate(self.classes)}
        return {record.id: index[record.label] for record in self.manifest.records}

    def with_labels(self, subset: Subset) -> Subset:
        """The subset with its labels: for evaluation, and for trainings to watch."""
        return dataclasses.replace(subset, labels=tuple(self._labels[i] for i in subset.ids))

    def _subset(self, records: list["ImageRecord"], seed: int, *, labeled: bool) -> Subset:
        return Subset(
            tuple(r.id for r in records),
            tuple(r.digest for r in records),
            tuple(self._labels[r.id] for r in records) if labeled else None,
            self.classes,
            seed,
            renumbered([self._groups[r.id] for r in records]) if labeled else None,
        )

    @cached_property
    def _groups(self) -> dict[str, int]:
        records = self.manifest.records
        return {r.id: g for r, g in zip(records, self.assignment.groups, strict=True)}

    @cached_property
    def folds(self) -> list[Fold]:
        """Every fold of every repeat and, if there are test images, the final one."""
        found = []
        repeats = len(self.assignment.folds)
        for repeat, row in enumerate(self.assignment.folds):
            records = list(zip(self.manifest.records, row, strict=True))
            for number in range(self.protocol["folds"]):
                train = [record for record, fold in records if fold not in (-1, number)]
                test = [record for record, fold in records if fold == number]
                name = f"fold {number + 1}"
                if repeats > 1:
                    name = f"repeat {repeat + 1} {name}"
                found.append(self._fold(name, repeat, number, train, test))
        if any(self.assignment.test):
            found.append(
                self._fold("final", -1, -1, self._records(test=False), self._records(test=True))
            )
        return found

    def _fold(
        self,
        name: str,
        repeat: int,
        number: int,
        train: list["ImageRecord"],
        test: list["ImageRecord"],
    ) -> Fold:
        seed = derive(self.protocol["seed"], "fold", repeat, number)
        tested = self._subset(test, seed, labeled=False)
        return Fold(
            name,
            repeat,
            number,
            self._subset(train, seed, labeled=True),
            tested,
            self.with_labels(tested) if number >= 0 else None,
        )

    def folds_with(self, per_class: int | None) -> list[Fold]:
        """The folds, their training parts limited to `per_class` images per class; None: no limit.

        A smaller draw is a subset of every larger one.

        Raises:
            InputError: no class has so many training images in every fold.
        """
        if per_class is None:
            return self.folds
        most = min(int(max(Counter(fold.train.labels or ()).values())) for fold in self.folds)
        if per_class > most:
            raise InputError(
                f"train_per_class = {per_class}: no class has more than {most} training images "
                "in every fold."
            )
        if per_class not in self._limited_folds:
            self._limited_folds[per_class] = [_limit(fold, per_class) for fold in self.folds]
        return self._limited_folds[per_class]

    @cached_property
    def _limited_folds(self) -> dict[int, list[Fold]]:
        return {}

    def _records(self, *, test: bool) -> list["ImageRecord"]:
        pairs = zip(self.manifest.records, self.assignment.test, strict=True)
        return [record for record, t in pairs if t == test]

    @cached_property
    def _train_shards(self) -> list[ImageShard]:
        return shards_of(self._records(test=False))

    @cached_property
    def _test_shards(self) -> list[ImageShard]:
        """Shards of the test images, without contents that are among the training images too."""
        known = {digest for shard in self._train_shards for digest in shard.digests}
        return shards_of([r for r in self._records(test=True) if r.digest not in known])

    @cached_property
    def _test_ids(self) -> frozenset[str]:
        return frozenset(record.id for record in self._records(test=True))

    def data_of(self, fold: Fold, method: Callable[[str, Fold], Node]) -> Data:
        """Data for a recipe; test images are among them in the final fold only."""
        shards = self._train_shards
        if fold.test.ids and fold.test.ids[0] in self._test_ids:
            shards = [*shards, *self._test_shards]
        return Data(shards, self.classes, method, self.inner_folds, self.further)

    def inner_folds(self, fold: Fold, count: int) -> list[Fold]:
        """Stratified folds of the training part of a fold, keeping copies together."""
        from strata.splits import stratified_group_folds

        train = fold.train
        assert train.labels is not None
        seed = derive(train.seed, "inner folds", count)
        numbers = stratified_group_folds(
            [self.classes[label] for label in train.labels],
            train.groups or range(len(train)),
            folds=count,
            seed=seed,
        )
        return [self._inner_fold(fold, numbers == n, n, derive(seed, n)) for n in range(count)]

    def _inner_fold(self, fold: Fold, held_out: np.ndarray, number: int, seed: int) -> Fold:
        return Fold(
            f"{fold.name}, inner fold {number + 1}",
            fold.repeat,
            fold.number,
            _masked(fold.train, ~held_out, seed, labeled=True),
            _masked(fold.train, held_out, seed, labeled=False),
            left_out=fold.left_out,
        )


def _limit(fold: Fold, per_class: int) -> Fold:
    """The fold with `per_class` random training images of each class."""
    train = fold.train
    labels = train.y
    kept = labels < 0  # none of them
    for label, name in enumerate(train.classes):
        members = (labels == label).nonzero()[0]
        order = generator(train.seed, "train_per_class", name).permutation(len(members))
        kept[members[order[:per_class]]] = True
    name = f"{fold.name} with {per_class} images per class"
    limited = _masked(train, kept, train.seed, labeled=True)
    groups = np.arange(len(train)) if train.groups is None else np.array(train.groups)
    others = _masked(train, ~np.isin(groups, groups[kept]), train.seed, labeled=False)
    return dataclasses.replace(fold, name=name, train=limited, left_out=others)


def _masked(subset: Subset, kept: np.ndarray, seed: int, *, labeled: bool) -> Subset:
    """The images of a subset where `kept` is True, in their order; `kept` (n,) bool."""
    assert subset.labels is not None
    return Subset(
        tuple(itertools.compress(subset.ids, kept)),
        tuple(itertools.compress(subset.digests, kept)),
        tuple(itertools.compress(subset.labels, kept)) if labeled else None,
        subset.classes,
        seed,
        renumbered(list(itertools.compress(subset.groups or (), kept))) if labeled else None,
    )


def open_dataset(
    experiment: Experiment, store: Store, *, jobs: int, progress: ProgressCallback
) -> Dataset:
    """Open the experiment's images and assign them to test split and folds.

    Raises:
        InputError: the source is missing or malformed, images are broken (all of them named)
            unless `skip_broken` is set, or a class has too few images for the folds.
    """
    reader = SourceReader(experiment, store, jobs, progress)
    manifest = reader.data_set()
    near = experiment.data["near_duplicates"]
    assignment = assign_splits(manifest, experiment.protocol, near, store)
    return Dataset(manifest, assignment, experiment.protocol, FurtherImages(reader, manifest))
