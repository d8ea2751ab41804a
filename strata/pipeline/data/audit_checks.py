"""Checks of the audit: each takes a manifest and yields its findings."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

from strata.image_io import SUFFIXES
from strata.pipeline.data.manifest import ImageRecord, Manifest

#: Ratio of the sizes of the largest and the smallest class from which classes are imbalanced.
IMBALANCE = 3
#: Factor between the area or aspect ratio of an image and the median from which it is an outlier.
ODD_SIZE = 4
#: Outliers in size are strays up to this fraction of the images; beyond it sizes are simply mixed.
MAX_STRAY_FRACTION = 0.05
#: Side in pixels below which an image holds too few local descriptors.
TINY = 32


@dataclass(frozen=True)
class AuditFinding:
    """One finding of the audit, for a person to act on.

    Attributes:
        code: short identifier for scripts.
        severity: "error" makes results wrong or a run impossible, "warning" may do so, "note"
            informs.
        title: the finding in one line, with numbers.
        why: why it matters.
        remedy: what to do.
        images: ids of the images concerned, or one list of ids per group of duplicates.
    """

    code: str
    severity: Literal["error", "warning", "note"]
    title: str
    why: str
    remedy: str
    images: list[str] | list[list[str]] = field(default_factory=list)


def unreadable(manifest: Manifest) -> Iterator[AuditFinding]:
    """Find images that cannot be decoded, one finding per reason."""
    by_reason = defaultdict(list)
    for image in manifest.broken:
        by_reason[image.reason.partition(" (")[0]].append(image.id)
    for reason, ids in sorted(by_reason.items()):
        yield AuditFinding(
            "unreadable",
            "error",
            f"{counted(ids, 'image')} cannot be read: {reason}",
            "A run stops at images that cannot be read completely.",
            "Repair or remove them, or leave them out: --skip-broken, or in Python "
            'settings={"data.skip_broken": True}.',
            ids,
        )


def missing(manifest: Manifest) -> Iterator[AuditFinding]:
    """Find rows of the split file without an image."""
    if manifest.missing:
        yield AuditFinding(
            "missing",
            "warning",
            f"{counted(manifest.missing, 'image')} of the split file not found",
            "Results on a part of the images are not comparable with results on all of them.",
            "Add the images, or correct the split file.",
            list(manifest.missing),
        )


def empty_classes(manifest: Manifest) -> Iterator[AuditFinding]:
    """Find class folders without images."""
    if manifest.empty:
        yield AuditFinding(
            "empty-class",
            "error",
            f"{counted(manifest.empty, 'class folder')} without images",
            "A run stops at a class without training images.",
            f"Remove them, or put images there ({', '.join(sorted(SUFFIXES))}).",
            list(manifest.empty),
        )


def imbalance(manifest: Manifest) -> Iterator[AuditFinding]:
    """Find a ratio of class sizes of `IMBALANCE` or more."""
    counts = Counter(record.label for record in manifest.records).most_common()
    if counts and counts[0][1] >= IMBALANCE * counts[-1][1]:
        (large, most), (small, least) = counts[0], counts[-1]
        yield AuditFinding(
            "imbalance",
            "warning",
            f"{large} has {most} images, {small} only {least}",
            "Accuracy then says little about the small classes.",
            "Look at the mean recall of the classes and at macro-F1 too.",
        )


def odd_sizes(manifest: Manifest) -> Iterator[AuditFinding]:
    """Find mixed image sizes, tiny images, and outliers in area or aspect ratio."""
    records = manifest.records
    sizes = Counter((record.width, record.height) for record in records)
    if len(sizes) > 1:
        yield AuditFinding(
            "sizes",
            "note",
            f"{len(sizes):,} sizes: {_range(r.width for r in records)} pixels wide, "
            f"{_range(r.height for r in records)} high",
            "Descriptors with a size in pixels cover different scales of the scene.",
            "Methods resize images as their parameters say; check that it suits.",
        )
    tiny = [record.id for record in records if min(record.width, record.height) < TINY]
    if tiny:
        yield AuditFinding(
            "tiny",
            "warning",
            f"{counted(tiny, 'image')} with a side of less than {TINY} pixels",
            "They hold few or no local descriptors.",
            "Find larger versions, or remove them.",
            tiny,
        )
    odd = _outliers(records)
    if odd:
        yield AuditFinding(
            "odd-size",
            "warning" if len(odd) <= max(2, MAX_STRAY_FRACTION * len(records)) else "note",
            f"{counted(odd, 'image')} {ODD_SIZE} times larger, smaller, wider or taller than usual",
            "Thumbnails, panoramas and scans among photographs are often strays.",
            "Look at them.",
            odd,
        )


def not_run(name: str, error: Exception) -> AuditFinding:
    """Return the finding for a check that raised an error."""
    return AuditFinding(
        "not-checked",
        "warning",
        f"The check for {name} could not run",
        f"{type(error).__name__}: {error}",
        "The other checks did run. Please report this as a bug with the message above.",
    )


def _range(values: Iterable[int]) -> str:
    found = sorted(set(values))
    return f"{found[0]} to {found[-1]}" if len(found) > 1 else str(found[0])


def _outliers(records: Sequence[ImageRecord]) -> list[str]:
    """Return the ids of images with an area or aspect ratio far from the median."""
    if not records:
        return []
    area = median(record.width * record.height for record in records)
    shape = median(record.width / record.height for record in records)

    def odd(record: ImageRecord) -> bool:
        ratios = (
            record.width * record.height / area,
            record.width / record.height / shape,
        )
        return any(not 1 / ODD_SIZE < ratio < ODD_SIZE for ratio in ratios)

    return [record.id for record in records if odd(record)]


def counted(things: object, what: str) -> str:
    """Number of things and their name, in the plural where there are several."""
    number = len(things)  # type: ignore[arg-type]
    plural = f"{what}es" if what.endswith("s") else f"{what}s"
    return f"{number:,} {what if number == 1 else plural}"
