"""Checks of the audit on duplicates: each takes the groups and yields its findings."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property

from strata.pipeline.data.audit_checks import AuditFinding, counted
from strata.pipeline.data.duplicates import (
    DuplicateGroups,
    duplicate_groups,
    find_duplicates,
)
from strata.pipeline.data.fold_limits import fold_limits
from strata.pipeline.data.manifest import ImageRecord


class Duplicates:
    """Groups of exact duplicates, or of near-duplicates, among some images.

    Args:
        records: the images.
        near: include near-duplicates; `sets` then leaves out groups of exact duplicates only.
        together: the groups stay on one side of every split that is drawn.
    """

    def __init__(
        self, records: Sequence[ImageRecord], *, near: bool, together: bool = True
    ) -> None:
        self.records = records
        self.near = near
        self.together = together

    @cached_property
    def _found(self) -> DuplicateGroups:
        return find_duplicates(self.records, near=self.near)

    @property
    def groups(self) -> list[int]:
        """Group number of each image."""
        return self._found.copies

    @cached_property
    def sets(self) -> list[list[ImageRecord]]:
        """Groups of more than one image, in the order of the images."""
        many = [rows for rows in _grouped(self.records, self.groups) if len(rows) > 1]
        if not self.near:
            return many
        return [rows for rows in many if len(set(duplicate_groups(rows, near=False))) > 1]

    @cached_property
    def sets_alike(self) -> list[list[ImageRecord]]:
        """Groups of images that may be copies or not, in the order of the images."""
        group_of = dict(zip((r.id for r in self.records), self.groups, strict=True))
        sets = _grouped(self.records, self._found.alike)
        return [rows for rows in sets if len({group_of[r.id] for r in rows}) > 1]

    def code(self, name: str) -> str:
        """Code of a finding about these duplicates."""
        return f"near-{name}" if self.near else name

    @property
    def title(self) -> str:
        """Name of this kind of duplicates, plural."""
        return "near-duplicates" if self.near else "exact copies"


def label_conflicts(copies: Duplicates) -> Iterator[AuditFinding]:
    """Find duplicates with different labels."""
    found = [group for group in copies.sets if len({record.label for record in group}) > 1]
    if found:
        yield AuditFinding(
            copies.code("contradiction"),
            "warning" if copies.near else "error",
            f"{counted(found, 'group')} of {copies.title} with different classes",
            "One of the labels is wrong: it is label noise in training and counts as an error in "
            "the test.",
            "Look at them and keep each picture in one class only.",
            _ids(found),
        )


def leakage(copies: Duplicates) -> Iterator[AuditFinding]:
    """Find duplicates on both sides of the training-test split."""
    found = [group for group in copies.sets if {"train", "test"} <= {r.split for r in group}]
    if found:
        yield AuditFinding(
            copies.code("leak"),
            "error",
            f"{counted(found, 'group')} of {copies.title} in both training and test",
            "This is data leakage: the test contains images trained on, so its scores are too "
            "high.",
            "Remove them from one side.",
            _ids(found),
        )


def copies(copies: Duplicates) -> Iterator[AuditFinding]:
    """Find duplicates on one side of the split; those on both sides are leakage."""
    found = [group for group in copies.sets if not {"train", "test"} <= {r.split for r in group}]
    if not found:
        return
    why = "Each group is kept in one fold, but its picture counts several times."
    remedy = "Keep one of each."
    if not copies.together:
        why = (
            "They count as different pictures (near_duplicates = false): copies of one picture may "
            "be in training and test."
        )
    elif copies.near:
        remedy += (
            " Where they are different pictures that look alike, near_duplicates = false under "
            "[data] counts exact copies only."
        )
    yield AuditFinding(
        copies.code("copies"),
        "warning",
        f"{counted(found, 'group')} of {copies.title}, {sum(map(len, found))} images in all",
        why,
        remedy,
        _ids(found),
    )


def alike(copies: Duplicates) -> Iterator[AuditFinding]:
    """Find images that agree as near-duplicates do, among images that all agree nearly as well."""
    found = copies.sets_alike
    if found:
        yield AuditFinding(
            "alike",
            "warning",
            f"{sum(map(len, found)):,} images agree as copies do, but different images of their "
            "classes nearly agree too: they count as different",
            "Where all images are alike, as digits or views of a fixed camera, copies cannot be "
            "told from other pictures. Copies in training and test make scores too high.",
            "Look at them, and remove copies, if there are any.",
            _ids(found),
        )


def small_classes(copies: Duplicates, folds: int, test: float) -> Iterator[AuditFinding]:
    """Find classes with fewer different training images than folds; duplicates count once."""
    limits = fold_limits(copies.records, copies.groups, test=test)
    if limits.too_few(folds):
        yield AuditFinding(
            "small-class",
            "error",
            limits.problem(folds),
            "Each fold must hold images of each class, and copies stay together.",
            limits.remedy(folds),
        )


def _grouped(records: Sequence[ImageRecord], groups: list[int]) -> list[list[ImageRecord]]:
    members = defaultdict(list)
    for record, group in zip(records, groups, strict=True):
        members[group].append(record)
    return list(members.values())


def _ids(groups: list[list[ImageRecord]]) -> list[list[str]]:
    return [[record.id for record in group] for group in groups]
