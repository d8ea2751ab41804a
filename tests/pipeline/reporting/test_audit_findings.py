"""The audit's findings in reports, and that they are looked for once."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from strata.pipeline.data import audit as audit_module
from strata.pipeline.data.manifest import build_manifest
from strata.pipeline.data.source import open_source
from strata.pipeline.experiment.file import Experiment
from strata.pipeline.reporting.audit_findings import audit_findings
from strata.pipeline.store.store import Store


@pytest.fixture
def manifest(tmp_path):
    for number, name in enumerate(["sea", "sky"]):
        (tmp_path / "images" / name).mkdir(parents=True)
        for i in range(6):
            rng = np.random.default_rng([number, i])
            pixels = rng.integers(0, 256, (40, 40, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "images" / name / f"{i}.png")
    return build_manifest(open_source(str(tmp_path / "images"), cache=tmp_path), tmp_path / "rows")


def experiment(folds):
    protocol = {"folds": folds, "test": 0.3}
    return Experiment(Path(), "", "", "", None, {"near_duplicates": True}, protocol, ())


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store").open()


def test_what_was_found_is_kept_for_the_same_images_and_folds(manifest, store, monkeypatch):
    asked = []
    real = audit_module.audit
    monkeypatch.setattr(
        sys.modules["strata.pipeline.data.audit"],
        "audit",
        lambda m, **settings: asked.append(settings["folds"]) or real(m, **settings),
    )
    first = audit_findings(manifest, experiment(3), store)
    assert audit_findings(manifest, experiment(3), store) == first
    assert asked == [3]
    assert (
        audit_findings(manifest, experiment(8), store) != first
    )  # too few images of a class for so many folds
    assert asked == [3, 8]


def test_checks_without_findings_have_passed(manifest, store):
    found = audit_findings(manifest, experiment(3), store)
    assert {finding["severity"] for finding in found} == {"passed"}
    found = audit_findings(manifest, experiment(8), store)
    (issue,) = [finding for finding in found if finding["severity"] == "issue"]
    assert issue["code"] == "small-class"
    assert "small-class" not in {f["code"] for f in found if f["severity"] == "passed"}


def test_a_check_that_breaks_is_shown_and_nothing_counts_as_passed(manifest, store, monkeypatch):
    def broken(manifest):
        raise ZeroDivisionError("of all things")
        yield

    monkeypatch.setattr(audit_module.audit_checks, "imbalance", broken)
    found = audit_findings(manifest, experiment(3), store)
    (finding,) = found
    assert finding["severity"] == "could not run"
    assert "of all things" in finding["sentence"]
