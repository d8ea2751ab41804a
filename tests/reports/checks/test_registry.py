"""What holds for every rule."""

from dataclasses import replace

import numpy as np

from strata.reports.checks import RULES
from strata.reports.checks.base import run_checks
from strata.reports.comparison.ranking import rank
from strata.reports.model.results import Method
from tests.reports import synthetic
from tests.reports.checks.asking import method


def test_every_rule_has_its_own_code_and_says_why_and_what_to_do():
    assert len({rule.code for rule in RULES}) == len(RULES)
    assert all(rule.title and rule.why and rule.remedy for rule in RULES)


def test_no_rule_breaks_down_on_partial_results():
    scores = synthetic.scores()
    lone = [
        [],
        [Method("a", "r")],
        [Method("a", "r", cv=scores)],
        [Method("a", "r", test=scores, histories=[[]])],
        [Method("a", "r", cv=scores.where(scores.labels == 0))],
        [Method("a", "r", cv=scores.where(np.arange(1)))],
        [method("a"), method("b", variant_of="b", varied={"k": None})],
    ]
    for methods in lone:
        checks = run_checks(rank(replace(synthetic.three(), methods=methods)), RULES)
        assert not [c for c in checks if c.severity == "could not run"], checks
