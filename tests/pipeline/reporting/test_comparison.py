"""Findings that a report has of its methods."""

import pytest

from strata.errors import InputError
from strata.pipeline.experiment.file import read_experiment
from strata.pipeline.reporting.comparison import _learning_warnings, _not_converged, _run
from strata.reports.checks.base import _reported


def test_solvers_that_did_not_converge_are_a_finding():
    fitted = [
        [{"vectors": 1}, {"converged": True}],
        [{"converged": False}],
        [{"converged": True}],
    ]
    (finding,) = _not_converged(fitted)
    check = _reported(finding, "bovw")
    assert (check.severity, check.methods) == ("issue", ["bovw"])
    assert check.sentences == ["The solver did not converge in 1 of 3 folds."]
    assert _not_converged([fitted[0], fitted[2]]) == []
    assert _not_converged([[{"classifier": None}]]) == []


def test_what_the_command_line_set_is_part_of_the_run(tmp_path):
    file = tmp_path / "strata.toml"
    file.write_text('[methods.a]\nrecipe = "bovw"\n')
    experiment = read_experiment(file, ["protocol.folds=4", "a.classifier.C=2"])
    run = _run(experiment, "strata make", None, 12.0)
    assert run.settings == ["protocol.folds=4", "a.classifier.C=2"]
    assert (run.folds, run.repeat_seconds) == (4, 12.0)


def test_warnings_of_codebooks_are_findings_told_once():
    fitted = [[{"codebook": 1, "warnings": ["Only 4 of 6."]}, {"classifier": 1}]] * 3
    (finding,) = _learning_warnings(fitted)
    check = _reported(finding, "bovw")
    assert (check.severity, check.sentences) == ("issue", ["Only 4 of 6."])
    assert _learning_warnings([[{"codebook": 1, "warnings": []}], [{"classifier": 1}]]) == []


def test_the_file_and_the_command_line_choose_the_confidence_intervals(tmp_path):
    file = tmp_path / "strata.toml"
    method = '[methods.a]\nrecipe = "bovw"\n'
    file.write_text(method)
    assert read_experiment(file).report == {"intervals": "t"}
    assert read_experiment(file, ["report.intervals=bootstrap"]).report["intervals"] == "bootstrap"
    file.write_text(f'[report]\nintervals = "bootstrap"\n{method}')
    assert read_experiment(file).report["intervals"] == "bootstrap"
    with pytest.raises(InputError, match=r"report.intervals"):
        read_experiment(file, ["report.intervals=jackknife"])
