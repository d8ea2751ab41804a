"""Numbers of folds that the classes of a data set allow: one estimate for audit, init and make."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

#: Fraction of the images drawn for the test set where the data brings no split.
TEST_FRACTION = 0.3
#: Images of a class up to which copies are looked for before folds are proposed, and of all such
#: classes, the smallest first: larger classes seldom consist of a few pictures.
_LOOKED_AT, _LOOKED_AT_IN_ALL = 40, 200


class Labeled(Protocol):
    """An image with its class, read or not."""

    @property
    def id(self) -> str:
        """Posix path relative to the root."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def label(self) -> str:
        """Class name."""

    @property
    def split(self) -> str | None:
        """Training or test; None where the data brings no split."""


@dataclass(frozen=True)
class FoldLimits:
    """Limits of the number of folds.

    Attributes:
        different: class -> number of its groups of copies, test images left out.
        draws_test: a test set is drawn, which takes one group of each class, at least.
    """

    different: dict[str, int]
    draws_test: bool

    @property
    def most(self) -> int:
        """Largest number of folds that all classes allow; below 2, none."""
        return min(self.different.values()) - self.draws_test

    def too_few(self, folds: int) -> dict[str, int]:
        """Classes with fewer groups than so many folds, and the test set, need."""
        needed = folds + self.draws_test
        return {label: count for label, count in self.different.items() if count < needed}

    def problem(self, folds: int) -> str:
        """Sentence without a full stop on the classes that are too small for so many folds."""
        few = self.too_few(folds)
        told = ", ".join(f"'{label}' ({count or 'none'})" for label, count in few.items())
        return (
            f"{len(few):,} {'class' if len(few) == 1 else 'classes'} with too few different "
            f"images for {folds} folds{' and a test set' if self.draws_test else ''}: {told}"
        )

    def remedy(self, folds: int) -> str:
        """Sentence on what to do about it."""
        fewer = f"use at most {self.most} folds, " if self.most > 1 else ""
        return (
            f"Each class needs {folds + self.draws_test} images that are not copies of each "
            f"other: {fewer}add images or leave the class out."
        )


def fold_limits(images: Sequence[Labeled], groups: Iterable[object], *, test: float) -> FoldLimits:
    """Count the groups of copies of each class.

    Args:
        images: the images.
        groups: group of each image; images of one group are copies of each other.
        test: fraction of test images to draw, where the data brings no split.
    """
    found: dict[str, set[object]] = defaultdict(set)
    for image, group in zip(images, groups, strict=True):
        found[image.label] |= set() if image.split == "test" else {group}
    different = {label: len(found[label]) for label in sorted(found)}
    return FoldLimits(different, test > 0 and not any(image.split for image in images))


def limits_of_files(files: Sequence[Labeled]) -> FoldLimits:
    """Count the groups of copies of each class before the images are read.

    Only images of small classes are read; those of larger ones, and unreadable ones, count as
    different.
    """
    from strata.pipeline.data.duplicates import duplicate_groups
    from strata.pipeline.data.manifest import build_manifest
    from strata.pipeline.data.source import Source, SourceFile

    sizes = Counter(file.label for file in files if file.split != "test")
    looked_at, total = set(), 0
    for label, size in sorted(sizes.items(), key=lambda item: item[1]):
        total += size
        if size <= _LOOKED_AT and total <= _LOOKED_AT_IN_ALL:
            looked_at.add(label)
    some = [
        SourceFile(file.id, file.path, file.label, file.split)
        for file in files
        if file.label in looked_at and file.split != "test"
    ]
    groups: dict[str, object] = {file.id: file.id for file in files}
    with TemporaryDirectory() as folder:
        records = build_manifest(Source(Path(), some, [], []), Path(folder) / "rows").records
    found = duplicate_groups(records)
    groups.update({record.id: group for record, group in zip(records, found, strict=True)})
    return fold_limits(files, (groups[file.id] for file in files), test=TEST_FRACTION)
