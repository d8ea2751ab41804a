"""Data set of an experiment: images read and checked, splits, folds and shards."""

import dataclasses
import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from strata.errors import InputError
from strata.files import expand_user
from strata.pipeline.experiment.file import Experiment
from strata.pipeline.experiment.splits import SplitAssignment, assign_splits
from strata.pipeline.graph.derived import Derived
from strata.pipeline.graph.inputs import Fold, ImageShard, Subset, cut_into_shards
from strata.pipeline.graph.recipe_context import Data
from strata.pipeline.graph.stage import Node
from strata.pipeline.store.hashing import content_key
from strata.pipeline.store.store import Store
from strata.seeds import derive, generator

if TYPE_CHECKING:
    from strata.pipeline.data.manifest import ImageRecord, Manifest

#: Value of `source` that stands for the built-in data set.
SCENES = "scenes"
#: Called with a name of the step in progress, the parts done and their total.
ProgressCallback = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Dataset:
    """Images of an experiment with their test split and folds.

    Attributes:
        manifest: the images.
        assignment: test split, folds and duplicate groups, in the manifest's order.
        protocol: the checked [protocol] table.
    """

    manifest: "Manifest"
    assignment: SplitAssignment
    protocol: dict[str, Any]

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
            _renumbered([self._groups[r.id] for r in records]) if labeled else None,
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
        return _shards(self._records(test=False))

    @cached_property
    def _test_shards(self) -> list[ImageShard]:
        """Shards of the test images, without contents that are among the training images too."""
        known = {digest for shard in self._train_shards for digest in shard.digests}
        return _shards([r for r in self._records(test=True) if r.digest not in known])

    @cached_property
    def _test_ids(self) -> frozenset[str]:
        return frozenset(record.id for record in self._records(test=True))

    def data_of(self, fold: Fold, method: Callable[[str, Fold], Node]) -> Data:
        """Data for a recipe; test images are among them in the final fold only."""
        shards = self._train_shards
        if fold.test.ids and fold.test.ids[0] in self._test_ids:
            shards = [*shards, *self._test_shards]
        return Data(shards, self.classes, method, self.inner_folds)

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
        )


def _shards(records: list["ImageRecord"]) -> list[ImageShard]:
    ranges = {r.digest: r.value_range for r in records if r.value_range}
    return cut_into_shards({r.digest: r.path for r in records}, ranges=ranges)


def _limit(fold: Fold, per_class: int) -> Fold:
    """The fold with `per_class` random training images of each class."""
    train = fold.train
    labels = train.y
    kept = labels < 0  # none of them
    for label, name in enumerate(train.classes):
        members = (labels == label).nonzero()[0]
        order = generator(train.seed, "train_per_class", name).permutation(len(members))
        kept[members[order[:per_class]]] = True
    limited = _masked(train, kept, train.seed, labeled=True)
    return dataclasses.replace(
        fold, name=f"{fold.name} with {per_class} images per class", train=limited
    )


def _masked(subset: Subset, kept: np.ndarray, seed: int, *, labeled: bool) -> Subset:
    """The images of a subset where `kept` is True, in their order; `kept` (n,) bool."""
    assert subset.labels is not None
    return Subset(
        tuple(itertools.compress(subset.ids, kept)),
        tuple(itertools.compress(subset.digests, kept)),
        tuple(itertools.compress(subset.labels, kept)) if labeled else None,
        subset.classes,
        seed,
        _renumbered(list(itertools.compress(subset.groups or (), kept))) if labeled else None,
    )


def _renumbered(groups: list[int]) -> tuple[int, ...] | None:
    """Groups numbered by first appearance, None if all differ.

    So the numbers, and keys made of them, do not depend on images outside of the subset.
    """
    numbers: dict[int, int] = {}
    found = tuple(numbers.setdefault(group, len(numbers)) for group in groups)
    return found if len(numbers) < len(found) else None


def _open_manifest(
    experiment: Experiment, store: Store, *, jobs: int, progress: ProgressCallback
) -> "Manifest":
    """List the experiment's images, and read those that are new or changed.

    Raises:
        InputError: the source is missing or malformed.
    """
    from strata.pipeline.data.archives.limits import UnpackLimits
    from strata.pipeline.data.manifest import build_manifest
    from strata.pipeline.data.source import open_source

    settings = experiment.data
    spec: str | Path = settings["source"]
    notes = []
    if spec == SCENES:
        spec, damage = _draw_scenes(experiment, store, jobs, progress)
        notes = [f"the drawn scenes were damaged and drawn again: {damage}"] if damage else []
    elif "://" not in str(spec):
        spec = experiment.folder / expand_user(spec)
    source = open_source(
        spec,
        split_csv=settings["split"],
        base=experiment.folder,
        sha256=settings["sha256"],
        cache=store.data,
        allow_missing=settings["allow_missing"],
        limits=UnpackLimits(settings["max_unpacked_gb"], settings["max_unpacked_files"]),
        progress=lambda done, total: progress("fetching the images", done, total),
    )
    source.notes.extend(notes)
    cache = store.data / f"manifest-{content_key(str(source.root))[:16]}"
    return build_manifest(
        source,
        cache,
        jobs=jobs,
        progress=lambda done, total: progress("reading the images", done, total),
    )


def open_dataset(
    experiment: Experiment, store: Store, *, jobs: int, progress: ProgressCallback
) -> Dataset:
    """Open the experiment's images and assign them to test split and folds.

    Raises:
        InputError: the source is missing or malformed, images are broken (all of them named)
            unless `skip_broken` is set, or a class has too few images for the folds.
    """
    manifest = _open_manifest(experiment, store, jobs=jobs, progress=progress)
    if manifest.broken and not experiment.data["skip_broken"]:
        lines = "\n".join(f"    {b.id}: {b.reason}" for b in manifest.broken)
        plural = "s" if len(manifest.broken) > 1 else ""
        raise InputError(
            f"{len(manifest.broken)} image{plural} cannot be read:\n{lines}",
            "Repair or remove them, or leave them out with --skip-broken "
            "(skip_broken = true under [data]).",
        )
    near = experiment.data["near_duplicates"]
    assignment = assign_splits(manifest, experiment.protocol, near, store)
    return Dataset(manifest, assignment, experiment.protocol)


def _draw_scenes(
    experiment: Experiment, store: Store, jobs: int, progress: ProgressCallback
) -> tuple[Path, str]:
    """Folder of the built-in data set, drawn once for each version of its code.

    Returns:
        the folder, and the damage of an earlier copy, "" if none.
    """
    from strata.pipeline.data.committed_folder import commit_folder

    per_class, size = experiment.data["per_class"], experiment.data["size"]
    seed = experiment.protocol["seed"]
    code = ("strata.scenes.write", "fill_with_scenes")
    root = store.data / f"scenes-{Derived('scenes', (per_class, size, seed), code).key[:12]}"

    def draw(folder: Path) -> None:
        from strata.scenes.write import fill_with_scenes

        fill_with_scenes(
            folder,
            per_class=per_class,
            size=size,
            seed=seed,
            jobs=jobs,
            progress=lambda done, total: progress("drawing the scenes", done, total),
        )

    damage = commit_folder(root, draw)
    return root, damage
