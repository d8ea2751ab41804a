import csv
import io
from dataclasses import replace

import pytest

from strata.reports import terminal_table
from strata.reports.exports.tables import csv_text
from strata.reports.model.results import MethodResult
from strata.reports.summary.analysis import analyze
from tests.reports import synthetic


@pytest.fixture(scope="module")
def analysis():
    return analyze(synthetic.twenty())


def test_terminal_table_is_the_ranking_with_failed_methods_last():
    table = terminal_table(synthetic.twenty())
    assert table.columns[:3] == ["#", "method", "CV accuracy % (95 % CI)"]
    assert len(table.rows) == 20
    assert all(len(row) == len(table.columns) == len(table.right) for row in table.rows)
    assert table.rows[0][1] == "sift-14 *"
    assert table.rows[-1][:3] == ["–", "inception", "–"]
    assert "inception: weights/inception_v3.pth is not there" in table.notes
    assert "* best" in table.notes


def test_columns_that_would_be_empty_are_left_out():
    whole = synthetic.three()
    table = terminal_table(replace(whole, methods=[replace(m, test=None) for m in whole.methods]))
    assert not [title for title in table.columns if "test" in title]


def test_a_comparison_without_results_still_has_a_table():
    reasons = {"a": "no memory", "b": "no weights", "c": "no memory"}
    failed = [MethodResult(name, "r", error=reason) for name, reason in reasons.items()]
    table = terminal_table(replace(synthetic.three(), methods=failed))
    assert [row[1] for row in table.rows] == ["a", "b", "c"]
    assert table.notes == ["a, c: no memory", "b: no weights"]  # a reason is told once


def test_csv_reads_back_with_unrounded_numbers(analysis):
    rows = list(csv.DictReader(io.StringIO(csv_text(analysis))))
    assert [row["method"] for row in rows][-1] == "inception"
    assert len(rows) == 20
    best = analysis.ranking.best
    assert float(rows[0]["cv_accuracy"]) == best.evaluations["cv"].accuracy
    assert float(rows[0]["test_accuracy_low"]) == best.evaluations["test"].interval.low
    assert float(rows[0]["fit_seconds"]) == best.method.cost.fit_seconds
    assert rows[-1]["error"] == "weights/inception_v3.pth is not there"
    assert rows[-1]["cv_accuracy"] == ""


def test_names_with_commas_and_quotes_survive_the_csv():
    whole = synthetic.three()
    odd = 'a, "b"\nc'
    methods = [replace(whole.methods[0], name=odd)]
    text = csv_text(analyze(replace(whole, methods=methods)))
    assert next(csv.DictReader(io.StringIO(text)))["method"] == odd
