"""Properties of all checks."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from strata.reports.checks import CHECKS
from strata.reports.checks.base import run_checks
from strata.reports.comparison.ranking import rank
from strata.reports.model.results import MethodResult
from tests.reports import synthetic
from tests.reports.checks.asking import method

DOCUMENT = Path(__file__).parents[3] / "docs" / "report.md"


def test_every_check_has_a_unique_code_a_reason_and_a_remedy():
    assert len({check.code for check in CHECKS}) == len(CHECKS)
    assert all(check.title and check.why and check.remedy for check in CHECKS)


def test_every_check_stands_in_the_documents():
    rows = re.findall(r"^\| (R\d+) \|", DOCUMENT.read_text("utf-8"), re.M)
    assert sorted(rows) == sorted(check.code for check in CHECKS)


def test_no_check_raises_on_partial_results():
    scores = synthetic.scores()
    lone = [
        [],
        [MethodResult("a", "r")],
        [MethodResult("a", "r", cv=scores)],
        [MethodResult("a", "r", test=scores, histories=[[]])],
        [MethodResult("a", "r", cv=scores.where(scores.labels == 0))],
        [MethodResult("a", "r", cv=scores.where(np.arange(1)))],
        [method("a"), method("b", variant_of="b", varied={"k": None})],
    ]
    for methods in lone:
        checks = run_checks(rank(replace(synthetic.three(), methods=methods)), CHECKS)
        assert not [c for c in checks if c.severity == "could not run"], checks
