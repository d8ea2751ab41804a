"""What holds for every rule."""

from dataclasses import replace

import numpy as np

from strata.reports.checks import CHECKS
from strata.reports.checks.base import run_checks
from strata.reports.comparison.ranking import rank
from strata.reports.model.results import MethodResult
from tests.reports import synthetic
from tests.reports.checks.asking import method


def test_every_rule_has_its_own_code_and_says_why_and_what_to_do():
    assert len({check.code for check in CHECKS}) == len(CHECKS)
    assert all(check.title and check.why and check.remedy for check in CHECKS)


def test_no_rule_breaks_down_on_partial_results():
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
