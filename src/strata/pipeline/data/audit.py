"""What is wrong with a set of images before anything learns from it.

Each check looks at the manifest and returns findings. A check that fails says so in the audit and
takes nothing else down.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

from strata.pipeline.data.duplicates import duplicate_groups
from strata.pipeline.data.manifest import ImageRecord, Manifest

Severity = Literal["error", "warning", "note"]

#: A class is out of balance when the largest has so many times its images.
IMBALANCE = 5.0
#: An image's size is odd when a side differs from the median by more than this factor.
ODD_SIZE = 3.0


@dataclass(frozen=True)
class Finding:
    """One thing found.

    Attributes:
        code: short and stable, for scripts.
        severity: an "error" spoils results; a "warning" may; a "note" is good to know.
        title: what was found, with its count.
        why: why it matters.
        remedy: what to do.
        images: ids, or lists of ids that belong together.
    """

    code: str
    severity: Severity
    title: str
    why: str
    remedy: str
    images: list[str] | list[list[str]]


@dataclass(frozen=True)
class Audit:
    """All findings, the worst first."""

    findings: list[Finding]

    @property
    def spoils(self) -> bool:
        """Whether something found spoils results."""
        return any(finding.severity == "error" for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"spoils": self.spoils, "findings": [asdict(finding) for finding in self.findings]}


@dataclass(frozen=True)
class _Subject:
    """What the checks look at."""

    manifest: Manifest
    folds: int

    @property
    def records(self) -> tuple[ImageRecord, ...]:
        return tuple(self.manifest.records)

    @cached_property
    def exact(self) -> list[list[ImageRecord]]:
        """Groups of more than one image with the same bytes or the same pixels."""
        return _gathered(self.records, duplicate_groups(self.records, near=False))

    @cached_property
    def copies(self) -> list[list[ImageRecord]]:
        """Groups of more than one image that show the same picture, near copies included."""
        return _gathered(self.records, duplicate_groups(self.records, near=True))

    @cached_property
    def training_counts(self) -> Counter[str]:
        """Images a class to learn from: groups of copies count once."""
        numbers = duplicate_groups(self.records, near=True)
        groups = {
            (record.label, number)
            for record, number in zip(self.records, numbers, strict=True)
            if record.split != "test"
        }
        counts = Counter(dict.fromkeys(self.manifest.classes, 0))
        counts.update(label for label, _ in groups)
        return counts


def _gathered(records: tuple[ImageRecord, ...], numbers: list[int]) -> list[list[ImageRecord]]:
    groups: dict[int, list[ImageRecord]] = defaultdict(list)
    for record, number in zip(records, numbers, strict=True):
        groups[number].append(record)
    return [group for group in groups.values() if len(group) > 1]


def _ids(groups: list[list[ImageRecord]]) -> list[list[str]]:
    return [[record.id for record in group] for group in groups]


def _plural(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def audit(manifest: Manifest, *, folds: int = 8) -> Audit:
    """Look for everything that could spoil or mislead a comparison on these images.

    Args:
        manifest: the images.
        folds: of the cross-validation to come.
    """
    subject = _Subject(manifest, folds)
    found: list[Finding] = []
    for check in CHECKS:
        try:
            found += check(subject)
        except Exception as error:  # one check must not take the others down
            name = check.__name__.replace("_", " ").strip()
            found.append(
                Finding(
                    "could-not-run",
                    "warning",
                    f"The check for {name} could not run: {type(error).__name__}: {error}.",
                    "What it looks for may be there.",
                    "Please report it.",
                    [],
                )
            )
    order = {"error": 0, "warning": 1, "note": 2}
    return Audit(sorted(found, key=lambda finding: order[finding.severity]))


def _broken_images(subject: _Subject) -> Iterator[Finding]:
    broken = subject.manifest.broken
    if broken:
        yield Finding(
            "broken-images",
            "error",
            f"{_plural(len(broken), 'image')} cannot be read.",
            "Cut-off or damaged files stop a run, or would be half pictures.",
            "Repair or remove them, or leave them out with --skip-broken.",
            [f"{image.id}: {image.reason}" for image in broken],
        )


def _missing_images(subject: _Subject) -> Iterator[Finding]:
    missing = list(subject.manifest.missing)
    if missing:
        yield Finding(
            "missing-images",
            "warning",
            f"{_plural(len(missing), 'row')} of the split file without an image.",
            "Figures are not comparable to those on the whole split.",
            "Complete the folder, or take the rows out.",
            missing,
        )


def _contradicting_labels(subject: _Subject) -> Iterator[Finding]:
    groups = [g for g in subject.copies if len({record.label for record in g}) > 1]
    if groups:
        yield Finding(
            "contradicting-labels",
            "error",
            f"{_plural(len(groups), 'picture')} with more than one label.",
            "At least one of the labels is wrong; no method can get both right.",
            "Keep the copy with the right label.",
            _ids(groups),
        )


def _copies_across_splits(subject: _Subject) -> Iterator[Finding]:
    groups = [g for g in subject.copies if {r.split for r in g} >= {"train", "test"}]
    if groups:
        yield Finding(
            "copies-across-splits",
            "error",
            f"{_plural(len(groups), 'picture')} among both training and test images.",
            "Test accuracy then measures memory, and is too high.",
            "Take the copies out of one side.",
            _ids(groups),
        )


def _exact_copies(subject: _Subject) -> Iterator[Finding]:
    if subject.exact:
        yield Finding(
            "exact-copies",
            "warning",
            f"{_plural(len(subject.exact), 'picture')} there more than once.",
            "Copies in different folds would leak; they weigh more than other pictures.",
            "Nothing has to be done: copies are kept on one side of every split. Removing them "
            "is cleaner.",
            _ids(subject.exact),
        )


def _near_copies(subject: _Subject) -> Iterator[Finding]:
    known = {frozenset(ids) for ids in _ids(subject.exact)}
    groups = [g for g in subject.copies if frozenset(r.id for r in g) not in known]
    if groups:
        yield Finding(
            "near-copies",
            "warning",
            f"{_plural(len(groups), 'picture')} there again, re-encoded, resized or cropped.",
            "Near copies in different folds leak almost as much as exact ones.",
            "Nothing has to be done: they are kept on one side of every split. Look at them; "
            "near_duplicates = false under [data] lets them apart.",
            _ids(groups),
        )


def _thin_classes(subject: _Subject) -> Iterator[Finding]:
    counts = subject.training_counts
    thin = sorted(name for name, count in counts.items() if count < subject.folds)
    if thin:
        listed = ", ".join(f"{name} ({counts[name]})" for name in thin)
        yield Finding(
            "thin-classes",
            "error",
            f"Too small for {subject.folds} folds: {listed}.",
            "Every fold needs at least one picture of every class.",
            f"Add pictures, leave the classes out, or set folds = {max(2, min(counts.values()))} "
            "or fewer under [protocol].",
            [],
        )


def _imbalance(subject: _Subject) -> Iterator[Finding]:
    counts = subject.training_counts
    small, large = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
    if counts[small] and counts[large] / counts[small] > IMBALANCE:
        yield Finding(
            "imbalance",
            "warning",
            f"{large} has {counts[large]} pictures, {small} only {counts[small]}.",
            "Accuracy is then mostly about the large classes.",
            'Read macro-F1 and the recall of each class; set classifier.class_weight = "balanced" '
            "where a method has it.",
            [],
        )


def _sizes(subject: _Subject) -> Iterator[Finding]:
    from statistics import median

    records = subject.records
    if not records:
        return
    width, height = median(r.width for r in records), median(r.height for r in records)
    odd = [
        record.id
        for record in records
        if not 1 / ODD_SIZE <= record.width / width <= ODD_SIZE
        or not 1 / ODD_SIZE <= record.height / height <= ODD_SIZE
    ]
    if odd:
        yield Finding(
            "odd-sizes",
            "warning",
            f"{_plural(len(odd), 'image')} are far from the usual size "
            f"({width:.0f} x {height:.0f}).",
            "Descriptors see them at another scale, and many more or fewer of them.",
            "Check that they belong here, or resize them.",
            odd,
        )
    sizes = {(record.width, record.height) for record in records}
    if len(sizes) > 1:
        yield Finding(
            "mixed-sizes",
            "note",
            f"The images come in {len(sizes)} sizes.",
            "Dense descriptors are laid in pixels, so larger images yield more of them.",
            "Nothing has to be done where sizes have nothing to do with classes.",
            [],
        )


CHECKS: tuple[Callable[[_Subject], Iterator[Finding]], ...] = (
    _broken_images,
    _missing_images,
    _contradicting_labels,
    _copies_across_splits,
    _exact_copies,
    _near_copies,
    _thin_classes,
    _imbalance,
    _sizes,
)
