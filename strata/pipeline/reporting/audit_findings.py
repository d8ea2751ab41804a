"""The audit's findings for a report: looked for once for the same images, then kept."""

import json
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from strata.files import write_atomic
from strata.pipeline.graph.code_digest import code_digests
from strata.pipeline.store.hashing import content_key
from strata.pipeline.store.store import Store

if TYPE_CHECKING:
    from strata.pipeline.data.manifest import Manifest

#: What the audit's severities are for a reader of results.
_SEVERITIES = {"error": "issue", "warning": "issue", "note": "tip"}

#: What can be said where the audit finds nothing: codes of its findings, and a sentence.
_PASSED = (
    (("unreadable",), "Every image can be read"),
    (("missing",), "Every image of the split file is there"),
    (("contradiction", "near-contradiction"), "No copies with different labels"),
    (("leak", "near-leak"), "No copies in both training and test"),
    (("copies", "near-copies"), "No copies among the images"),
    (("small-class",), "Enough images of every class for the folds"),
    (("imbalance",), "Classes of comparable size"),
    (("tiny", "odd-size"), "No image of an odd size"),
)


def audited(manifest: "Manifest", folds: int, store: Store) -> list[dict[str, Any]]:
    """Findings as `strata.reports.model.results.DataSummary` has them, passed checks among them."""
    found = _findings(manifest, folds, store)
    codes = {finding["code"] for finding in found}
    shown = [_shown(finding) for finding in found]
    if "not-checked" in codes:  # what could not be asked has not been passed
        return shown
    return shown + [
        {"code": names[0], "severity": "passed", "title": title}
        for names, title in _PASSED
        if not codes & set(names)
    ]


def _shown(finding: dict[str, Any]) -> dict[str, Any]:
    if finding["code"] == "not-checked":
        return {**finding, "severity": "could not run", "sentence": finding["why"]}
    return {**finding, "severity": _SEVERITIES[finding["severity"]]}


def _findings(manifest: "Manifest", folds: int, store: Store) -> list[dict[str, Any]]:
    """What the audit finds, from the store if it was asked the same before."""
    images = [manifest.digest, [b.id for b in manifest.broken], list(manifest.missing)]
    code = code_digests("strata.pipeline.data.audit", "audit")
    path = store.data / f"audit-{content_key(images, folds, code)[:16]}.json"
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        pass
    from strata.pipeline.data.audit import audit

    found = [asdict(finding) for finding in audit(manifest, folds=folds).findings]
    with suppress(OSError):  # a store that cannot be written: looked for again next time
        write_atomic(path, json.dumps(found))
    return found
