"""`strata data`: audit and count images, draw the built-in data set."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from strata.pipeline.cli.terminal.table import print_table
from strata.pipeline.workspace.audit_text import NOTHING, count_table, finding_lines
from strata.pipeline.workspace.read_images import read_images
from strata.pipeline.workspace.step_progress import StepProgress
from strata.pipeline.workspace.workspace import cores
from strata.text import one_line

if TYPE_CHECKING:
    from strata.pipeline.data.audit_checks import AuditFinding
    from strata.pipeline.data.manifest import Manifest
    from strata.pipeline.workspace.console import Terminal


def audit(
    images: str,
    split: Path | None,
    sha256: str | None,
    folds: int,
    store: Path | None,
    jobs: int | None,
    as_json: bool,
) -> int:
    """Print the findings of the audit; exit code 1 if one of them is an error."""
    from strata.pipeline.data.audit import audit

    manifest = _manifest(images, split, sha256, store, jobs)
    found = audit(manifest, folds=folds)
    if as_json:
        print(json.dumps(found.to_json(), indent=2))
        return int(found.has_errors)
    console = _console()
    _print_counts(console, manifest)  # the notes are among the findings
    for finding in found.findings:
        _print_finding(console, finding)
    if not found.findings:
        console.print(f"\n{NOTHING}")
    return int(found.has_errors)


def _print_finding(console: "Terminal", finding: "AuditFinding") -> None:
    """Print severity, code and title of a finding, its reason and remedy, and some images."""
    style = {"error": "red", "warning": "yellow", "note": "dim"}[finding.severity]
    title, *others = finding_lines(finding, "--json lists all")
    console.print(f"\n{title}", style=style)
    for line in others:
        console.print(line)


def show(
    images: str,
    split: Path | None,
    sha256: str | None,
    store: Path | None,
    jobs: int | None,
    as_json: bool,
) -> int:
    """Print the number of images by class and split."""
    manifest = _manifest(images, split, sha256, store, jobs)
    if as_json:
        print(json.dumps(_counts(manifest), indent=2))
        return 0
    console = _console()
    _print_counts(console, manifest)
    for note in manifest.notes:
        console.print(f"note: {one_line(note)}")
    return 0


def scenes(folder: Path, per_class: int, size: int, seed: int, jobs: int | None) -> int:
    """Draw the built-in data set into a folder."""
    from strata.scenes.write import write_scenes

    with StepProgress(_console(stderr=True)) as steps:
        write_scenes(
            folder,
            per_class=per_class,
            size=size,
            seed=seed,
            jobs=jobs or cores(),
            progress=lambda done, total: steps.update("drawing the scenes", done, total),
        )
    print(f"{folder}: 8 classes, {per_class} images each, {size} x {size}")
    return 0


def _manifest(
    images: str, split: Path | None, sha256: str | None, store: Path | None, jobs: int | None
) -> "Manifest":
    return read_images(
        images, split, sha256, store=store, jobs=jobs or cores(), console=_console(stderr=True)
    )


def _counts(manifest: "Manifest") -> dict[str, Any]:
    splits = sorted({r.split or "unsplit" for r in manifest.records})
    table: dict[str, dict[str, int]] = {c: dict.fromkeys(splits, 0) for c in manifest.classes}
    for record in manifest.records:
        table[record.label][record.split or "unsplit"] += 1
    return {
        "images": len(manifest.records),
        "broken": len(manifest.broken),
        "digest": manifest.digest,
        "classes": table,
    }


def _print_counts(console: "Terminal", manifest: "Manifest") -> None:
    print_table(console, *count_table(_counts(manifest)["classes"]))


def _console(*, stderr: bool = False) -> "Terminal":
    from strata.pipeline.workspace.console import Terminal

    return Terminal(stderr=stderr)
