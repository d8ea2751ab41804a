"""`strata.audit`: faults of a data set, from Python."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strata.pipeline.api.tables import data_frame, html_table
from strata.pipeline.data.audit import Audit
from strata.pipeline.data.audit import audit as audit_manifest
from strata.pipeline.data.audit_checks import AuditFinding
from strata.pipeline.workspace.audit_text import NOTHING, count_table, finding_lines, images_text
from strata.pipeline.workspace.console import Terminal
from strata.pipeline.workspace.read_images import read_images
from strata.pipeline.workspace.text_table import table_lines
from strata.pipeline.workspace.workspace import cores

PathLike = str | os.PathLike[str]


def audit(
    images: PathLike,
    *,
    split: PathLike | None = None,
    sha256: str | None = None,
    folds: int = 8,
    store: PathLike | None = None,
    jobs: int | None = None,
    progress: bool = True,
) -> "AuditResult":
    """Find unreadable images, duplicates, label conflicts, leakage and small classes.

    Args:
        images: a folder of images, an archive, or its URL, as of `strata.compare`.
        split: CSV file with the columns class, file and, optionally, split.
        sha256: checksum of the archive; required with a URL.
        folds: planned number of cross-validation folds.
        store: folder of an artifact store, to cache the digests of the images in; None: no cache.
        jobs: number of worker processes; by default one for each core.
        progress: whether progress is shown, on stderr.

    Raises:
        InputError: there are no images, or in another layout.

    Examples:
        >>> import strata
        >>> from strata.scenes import write_scenes
        >>> write_scenes("photos", per_class=2, size=32, seed=0)
        >>> found = strata.audit("photos", folds=8, jobs=1)
        >>> [(finding.severity, finding.code) for finding in found.findings]
        [('error', 'small-class')]
        >>> found.counts["coast"]
        {'unsplit': 2}
    """
    manifest = read_images(
        os.fspath(images),
        None if split is None else Path(split),
        sha256,
        store=None if store is None else Path(store),
        jobs=jobs or cores(),
        console=Terminal(stderr=True, quiet=not progress),
    )
    return AuditResult(audit_manifest(manifest, folds=folds))


@dataclass(frozen=True, repr=False)
class AuditResult:
    """Findings of an audit; `strata.audit` returns it.

    It prints as `strata data audit` does, in notebooks as a table.
    """

    _audit: Audit

    @property
    def findings(self) -> list[AuditFinding]:
        """Findings, most severe first: code, severity, title, why, remedy, images."""
        return self._audit.findings

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """For each class, the images in each split ("train", "test", "unsplit")."""
        return self._audit.counts

    @property
    def sizes(self) -> dict[tuple[int, int], int]:
        """Number of images of each size (width, height), most frequent first."""
        return self._audit.sizes

    @property
    def has_errors(self) -> bool:
        """True if a finding makes results wrong or a run impossible."""
        return self._audit.has_errors

    def table(self) -> Any:
        """One row per finding, most severe first.

        Returns:
            a pandas DataFrame, or a list of dicts where pandas is not installed.
        """
        return data_frame([vars(finding) for finding in self.findings])

    def __repr__(self) -> str:
        lines = table_lines(*count_table(self.counts))
        for finding in self.findings:
            lines += ["", *finding_lines(finding, "findings has all")]
        return "\n".join(lines if self.findings else [*lines, "", NOTHING])

    def _repr_html_(self) -> str:
        rows = [
            [f.severity, f.code, f.title, f.remedy, images_text(f, "findings has all")]
            for f in self.findings
        ]
        columns, counts = count_table(self.counts)
        heads = ["severity", "code", "finding", "remedy", "images"]
        found = html_table(heads, rows) if rows else NOTHING
        return html_table(columns, counts) + found
