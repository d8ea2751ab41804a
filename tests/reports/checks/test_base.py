from dataclasses import replace

from strata.reports.checks import CHECKS
from strata.reports.checks.base import Check, run_checks
from strata.reports.comparison.ranking import rank
from tests.reports import synthetic


def test_a_check_that_raises_becomes_a_result():
    def broken(ranking):
        yield 1 / 0

    check = Check("X1", "broken", "", "", broken)
    (found, *_) = [c for c in run_checks(rank(synthetic.three()), [check]) if c.code == "X1"]
    assert found.severity == "could not run"
    assert found.sentences == ["ZeroDivisionError: division by zero"]


def test_findings_of_audit_and_methods_come_along_worst_first():
    finding = {"code": "M1", "severity": "issue", "title": "Dead units", "images": ["a.jpg"]}
    whole = synthetic.three()
    methods = [replace(whole.methods[0], findings=[finding]), *whole.methods[1:]]
    checks = run_checks(rank(replace(whole, methods=methods)), CHECKS)
    order = ["issue", "tip", "passed", "not applicable", "could not run"]
    places = [order.index(c.severity) for c in checks]
    assert places == sorted(places)
    dead = next(c for c in checks if c.code == "M1")
    assert (dead.methods, dead.images) == (["bovw"], [["a.jpg"]])
    assert "D02" in [c.code for c in checks]
