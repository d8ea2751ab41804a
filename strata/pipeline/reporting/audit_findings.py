"""Findings of the data audit for a report, kept in the store."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from strata.pipeline.experiment.file import Experiment
from strata.pipeline.graph.derived import Derived
from strata.pipeline.store.store import Store

if TYPE_CHECKING:
    from strata.pipeline.data.manifest import Manifest

#: Severity in the report for each severity of the audit.
_SEVERITIES = {"error": "issue", "warning": "issue", "note": "tip"}

#: Passed checks: codes of the findings that must be absent, and the title.
_PASSED = (
    (("unreadable",), "All images can be read"),
    (("missing",), "All images of the split file exist"),
    (
        ("similar-names", "split-names", "same-subfolders", "only-subfolders"),
        "Names and places of the class folders tell classes apart",
    ),
    (("contradiction", "near-contradiction"), "No duplicates with different labels"),
    (("leak", "near-leak"), "No duplicates in both training and test set"),
    (("copies", "near-copies", "alike", "leak", "near-leak"), "No duplicate images"),
    (("small-class",), "Enough images of every class for the folds"),
    (("imbalance",), "Balanced classes"),
    (("tiny", "odd-size"), "No image of unusual size"),
)


def audit_findings(
    manifest: "Manifest", experiment: Experiment, store: Store
) -> list[dict[str, Any]]:
    """Findings in the form of `DataSummary.findings`, passed checks among them."""
    found = _findings(manifest, experiment, store)
    codes = {finding["code"] for finding in found}
    shown = [_shown(finding) for finding in found]
    if "not-checked" in codes:  # what was not checked has not passed
        return shown
    return shown + [
        {"code": names[0], "severity": "passed", "title": title}
        for names, title in _PASSED
        if not codes & set(names)
    ]


def _shown(finding: dict[str, Any]) -> dict[str, Any]:
    """A finding with the severity it has in the report."""
    if finding["code"] == "not-checked":
        return {**finding, "severity": "could not run", "sentence": finding["why"]}
    return {**finding, "severity": _SEVERITIES[finding["severity"]]}


def derived_audit(manifest: "Manifest", experiment: Experiment) -> Derived:
    """Artifact that keeps what the audit finds in these images for an experiment's splits."""
    broken = [image.id for image in manifest.broken]
    images = [manifest.digest, broken, list(manifest.missing), list(manifest.notes)]
    return Derived(
        "audit", (images, _settings(experiment)), ("strata.pipeline.data.audit", "audit")
    )


def _settings(experiment: Experiment) -> dict[str, Any]:
    """Arguments of the audit: how the experiment draws its splits."""
    return {
        "folds": experiment.protocol["folds"],
        "test": experiment.protocol["test"],
        "near_duplicates": experiment.data["near_duplicates"],
    }


def _findings(manifest: "Manifest", experiment: Experiment, store: Store) -> list[dict[str, Any]]:
    """Findings of the audit, from the store if it holds those of the same images and splits."""

    def make() -> dict[str, Any]:
        from strata.pipeline.data.audit import audit

        found = [asdict(finding) for finding in audit(manifest, **_settings(experiment)).findings]
        return {"findings": json.loads(json.dumps(found))}  # as the store would give them

    return derived_audit(manifest, experiment).read(store, make)["findings"]
