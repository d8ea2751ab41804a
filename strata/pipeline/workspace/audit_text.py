"""An audit as plain text: counts of images, and findings."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from strata.text import one_line

if TYPE_CHECKING:
    from strata.pipeline.data.audit_checks import AuditFinding

#: Number of images of a finding that are listed.
NAMED = 8
NOTHING = "The audit found nothing to report."


def count_table(counts: Mapping[str, Mapping[str, int]]) -> tuple[list[str], list[list[str]]]:
    """Columns and rows of a table of images by class and split, with their sums.

    Args:
        counts: class -> split -> number of images; splits without images may be left out.
    """
    splits = sorted({split for row in counts.values() for split in row})
    rows = [[name, *(str(row.get(s, 0)) for s in splits)] for name, row in counts.items()]
    total = [str(sum(row.get(s, 0) for row in counts.values())) for s in splits]
    return ["class", *splits], [*rows, ["all", *total]]


def finding_lines(finding: "AuditFinding", all_images: str) -> list[str]:
    """Lines on a finding: severity, code and title; its reason and remedy; some images.

    Args:
        finding: of an audit.
        all_images: tells where the images that are not listed stand.
    """
    lines = [f"{finding.severity} {finding.code}  {one_line(finding.title)}"]
    lines += [f"  {one_line(part)}" for part in (finding.why, finding.remedy)]
    return lines + [f"    {text}" for text in _image_lines(finding, all_images)]


def images_text(finding: "AuditFinding", all_images: str) -> str:
    """The same images in one line."""
    return "; ".join(_image_lines(finding, all_images))


def _image_lines(finding: "AuditFinding", all_images: str) -> list[str]:
    found = [
        one_line(image if isinstance(image, str) else "  =  ".join(image))
        for image in finding.images[:NAMED]
    ]
    more = len(finding.images) - NAMED
    return [*found, f"and {more} more ({all_images})"] if more > 0 else found
