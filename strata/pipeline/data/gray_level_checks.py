"""Checks of the audit for images that show little: nearly black ones, and ones of few levels."""

from collections.abc import Iterator

from strata.pipeline.data.audit_checks import AuditFinding
from strata.pipeline.data.manifest import ImageRecord, Manifest

#: Highest gray level, of 255, up to which an image counts as nearly black.
DARK = 16
#: Number of gray levels up to which an image has few.
FEW_LEVELS = 16


def nearly_black(manifest: Manifest) -> Iterator[AuditFinding]:
    """Find images whose brightest pixel is nearly black."""
    dark = [record for record in manifest.records if record.brightest <= DARK]
    if dark:
        yield AuditFinding(
            "nearly-black",
            "warning",
            f"{_count(dark)} nearly black: no gray level above {DARK} of 255",
            f"Little can be told of them; {_cause(manifest, dark)}.",
            "Look at them; scale their values to the range of their format, or remove them.",
            [record.id for record in dark],
        )


def few_levels(manifest: Manifest) -> Iterator[AuditFinding]:
    """Find images of few gray levels that are not nearly black."""
    few = [r for r in manifest.records if r.levels <= FEW_LEVELS and r.brightest > DARK]
    if few:
        yield AuditFinding(
            "few-levels",
            "note",
            f"{_count(few)} of at most {FEW_LEVELS} gray levels",
            "Drawings, masks and scans have few; in photographs it means that detail was lost "
            f"before or while they were saved, or {_cause(manifest, few)}.",
            "Look at them; save photographs again from their originals.",
            [record.id for record in few],
        )


def _cause(manifest: Manifest, found: list[ImageRecord]) -> str:
    """Likely cause: a few images that set the range of the data set, or the files themselves."""
    ranges = manifest.value_ranges
    for kind in sorted({record.extent.kind for record in found if record.extent}):
        low, high = ranges[kind]
        brightest = max(
            (r for r in manifest.records if r.extent and r.extent.kind == kind),
            key=lambda r: r.extent.high if r.extent else 0,
        )
        return (
            f"all {kind}s of the data set are read in one range, {low:g} to {high:g}, which "
            f"{brightest.id} has to itself or nearly so"
        )
    return "values of a smaller range may have been stored in 8 bits, or masks among the images"


def _count(records: list[ImageRecord]) -> str:
    return f"{len(records)} image{'' if len(records) == 1 else 's'}"
