"""Audit of a data set before training: broken files, duplicates, label conflicts, leakage."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from strata.pipeline.data import (
    audit_checks,
    duplicate_checks,
    gray_level_checks,
    layout_checks,
)
from strata.pipeline.data.audit_checks import AuditFinding
from strata.pipeline.data.duplicate_checks import Duplicates
from strata.pipeline.data.fold_limits import TEST_FRACTION
from strata.pipeline.data.manifest import Manifest

__all__ = ["Audit", "AuditFinding", "audit"]


@dataclass(frozen=True)
class Audit:
    """Result of an audit: findings, most severe first, and counts of images.

    Attributes:
        findings: sorted by severity: "error", "warning", "note".
        counts: class -> split ("train", "test", "unsplit") -> number of readable images.
        sizes: (width, height) in pixels -> number of images, most frequent first.
    """

    findings: list[AuditFinding]
    counts: dict[str, dict[str, int]]
    sizes: dict[tuple[int, int], int]

    @property
    def has_errors(self) -> bool:
        """True if a finding makes results wrong or a run impossible."""
        return any(finding.severity == "error" for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """Return the audit as dicts and lists that JSON can hold."""
        return {
            "has_errors": self.has_errors,
            "findings": [asdict(finding) for finding in self.findings],
            "counts": self.counts,
            "sizes": [
                {"width": width, "height": height, "images": count}
                for (width, height), count in self.sizes.items()
            ],
        }


def audit(
    manifest: Manifest,
    *,
    folds: int = 8,
    test: float = TEST_FRACTION,
    near_duplicates: bool = True,
) -> Audit:
    """Run all checks on the images of a manifest.

    A check that raises becomes a finding "not-checked" and does not stop the others.

    Args:
        manifest: the images.
        folds: planned number of cross-validation folds, for the check of class sizes.
        test: planned fraction of test images, if the data come without a split.
        near_duplicates: near-duplicates are kept on one side of each split, as exact copies are.
    """
    exact = Duplicates(manifest.records, near=False)
    near = Duplicates(manifest.records, near=True, together=near_duplicates)
    grouped = near if near_duplicates else exact
    named: list[tuple[str, Callable[[], Iterator[AuditFinding]]]] = [
        ("unreadable images", partial(audit_checks.unreadable, manifest)),
        ("missing images", partial(audit_checks.missing, manifest)),
        ("empty classes", partial(audit_checks.empty_classes, manifest)),
        ("doubtful classes", partial(layout_checks.doubtful_classes, manifest.records)),
        ("contradicting labels", partial(duplicate_checks.label_conflicts, exact)),
        (
            "contradicting labels of near-duplicates",
            partial(duplicate_checks.label_conflicts, near),
        ),
        ("copies in training and test", partial(duplicate_checks.leakage, exact)),
        ("near-duplicates in training and test", partial(duplicate_checks.leakage, near)),
        ("copies", partial(duplicate_checks.copies, exact)),
        ("near-duplicates", partial(duplicate_checks.copies, near)),
        ("images that look alike", partial(duplicate_checks.alike, near)),
        ("too small classes", partial(duplicate_checks.small_classes, grouped, folds, test)),
        ("imbalance", partial(audit_checks.imbalance, manifest)),
        ("odd sizes", partial(audit_checks.odd_sizes, manifest)),
        ("nearly black images", partial(gray_level_checks.nearly_black, manifest)),
        ("few gray levels", partial(gray_level_checks.few_levels, manifest)),
        ("layout", partial(layout_checks.layout_notes, manifest.notes)),
    ]
    findings: list[AuditFinding] = []
    for name, check in named:
        try:
            findings.extend(list(check()))
        except Exception as error:  # a defect of one check must not hide the findings of the others
            findings.append(audit_checks.not_run(name, error))
    findings.sort(key=lambda finding: ("error", "warning", "note").index(finding.severity))
    counts: dict[str, dict[str, int]] = {name: {} for name in manifest.classes}
    for record in manifest.records:
        row = counts[record.label]
        row[record.split or "unsplit"] = row.get(record.split or "unsplit", 0) + 1
    sizes = Counter((record.width, record.height) for record in manifest.records)
    return Audit(findings, counts, dict(sizes.most_common()))
