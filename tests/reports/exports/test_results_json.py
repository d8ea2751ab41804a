import json
import re
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from strata.reports.exports import results_json
from strata.reports.model.pretrained import PretrainedNetwork
from strata.reports.model.results import MethodResult
from strata.reports.summary.analysis import analyze
from tests.reports import synthetic


@pytest.fixture(scope="module")
def analysis():
    return analyze(synthetic.twenty())


@pytest.fixture(scope="module")
def document(analysis):
    return json.loads(results_json.json_text(analysis))


DOCUMENTED = Path(__file__).parents[3] / "docs" / "results-json.md"


def documented(heading: str) -> set[str]:
    """Names in the first column of the table below a heading."""
    part = DOCUMENTED.read_text("utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \|", part, re.M)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def test_schema_is_named_and_its_fields_are_the_documented_ones(document):
    assert document["schema"] == results_json.SCHEMA == "strata.results/1"
    assert set(document) == documented("The document")
    for method in document["methods"]:
        assert set(method) == documented("A method")
    for method in document["methods"][:-1]:
        assert set(method["cv"]) == documented("Metrics on a split")
        assert set(method["test"]) == documented("Metrics on a split") - {"folds", "spread"}


def test_fields_of_a_pretrained_network_are_the_documented_ones():
    names = {field.name for field in fields(PretrainedNetwork)}
    assert names == documented("A pretrained network")


def test_fields_of_pairs_and_checks_are_the_documented_ones(document):
    text = DOCUMENTED.read_text("utf-8").partition("## A pair, a check")[2]
    pair, _, check = text.partition("A check has")
    for name in document["pairs"][0]:
        assert f"`{name}`" in pair
    for name in document["checks"][0]:
        assert f"`{name}`" in check


def test_figures_are_those_of_the_analysis(document, analysis):
    best = analysis.ranking.best
    written = document["methods"][0]
    assert written["name"] == best.method.name
    assert written["cv"]["accuracy"] == best.evaluations["cv"].accuracy
    assert written["cv"]["confusion"] == best.evaluations["cv"].confusion.tolist()
    assert written["standing"] == "best"
    assert [m["name"] for m in document["methods"]][-1] == "inception"
    assert document["methods"][-1]["cv"] is None


def test_accuracy_can_be_computed_again_from_the_predictions(document):
    for method in document["methods"][:-1]:
        predictions = method["cv"]["predictions"]
        labels = np.array(document["labels"])[predictions["image"]]
        right = np.array(predictions["class"]) == labels
        folds = np.array(predictions["fold"])
        by_fold = [right[folds == f].mean() for f in np.unique(folds)]
        assert method["cv"]["folds"][0] == pytest.approx(by_fold)
        assert method["cv"]["accuracy"] == pytest.approx(np.mean(by_fold))


def test_every_pair_is_listed(document):
    pairs = [p for p in document["pairs"] if p["split"] == "cv"]
    assert len(pairs) == 19 * 18 / 2
    assert all(p["p"] <= p["p_adjusted"] <= 1 for p in pairs)


def test_unknown_numbers_are_null_and_odd_values_text():
    odd = MethodResult(
        "a", "r", parameters={"rate": np.float32(0.5), "bad": float("nan"), "p": {1, 2}}
    )
    whole = replace(synthetic.three(), methods=[odd])
    written = json.loads(results_json.json_text(analyze(whole)))["methods"][0]["parameters"]
    assert written == {"rate": 0.5, "bad": None, "p": "{1, 2}"}
