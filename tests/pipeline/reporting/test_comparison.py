"""What a report is told of the methods."""

from strata.pipeline.reporting.comparison import _unfinished
from strata.reports.checks.base import _reported


def test_machines_that_were_stopped_are_told_of():
    fitted = [
        [{"vectors": 1}, {"converged": True}],
        [{"converged": False}],
        [{"converged": True}],
    ]
    (finding,) = _unfinished(fitted)
    check = _reported(finding, "bovw")
    assert (check.severity, check.methods) == ("issue", ["bovw"])
    assert check.sentences == ["Stopped before it had converged in 1 of 3 folds."]
    assert _unfinished([fitted[0], fitted[2]]) == []
    assert _unfinished([[{"classifier": None}]]) == []
