from dataclasses import replace

import numpy as np
import pytest

from strata.reports import analyze, compare, read_results
from strata.reports.exports.results_json import json_text
from strata.reports.model.results import MethodResult
from strata.reports.model.scores import Scores
from tests.reports import synthetic


@pytest.fixture
def results(tmp_path):
    """Writes a comparison and reads its results.json back."""

    def write(name, comparison):
        path = tmp_path / f"{name}.json"
        path.write_text(json_text(analyze(comparison)), encoding="utf-8")
        return read_results(path)

    return write


def base():
    return synthetic.three(per_class=24)


def changed(quality: float):
    """bovw with another parameter and other scores, fisher gone, a new method."""
    whole = base()
    bovw, _, tinynet = whole.methods
    better = replace(
        bovw,
        cv=synthetic.scores(quality=quality, seed=3, per_class=24),
        parameters={"descriptor": {"bins": [4, 6, 8, 12], "step": 4}},
    )
    new = MethodResult("new", "r", cv=synthetic.scores(per_class=24))
    versions = {**whole.run.versions, "torch": "2.16.0"}
    run = replace(whole.run, seed=1, versions=versions)
    data = replace(whole.data, digest="sha256:other")
    return replace(whole, methods=[better, tinynet, new], run=run, data=data)


def test_a_run_against_itself_shows_nothing(results):
    once = results("a", base())
    found = compare(once, once)
    assert found.setting == found.added == found.removed == found.missing == []
    for method in found.methods:
        assert method.parameters == []
        assert {split: pair.difference for split, pair in method.scores.items()} == {
            "cv": 0.0,
            "test": 0.0,
        }
        assert not any(pair.significant for pair in method.scores.values())


def test_changes_are_named(results):
    found = compare(results("a", base()), results("b", changed(3.4)))
    assert found.added == ["new"]
    assert found.removed == ["fisher"]
    assert found.setting == [
        "The images are not the same: their names are, their contents or splits are not.",
        "Seed: 0 before, 1 after.",
        "torch: 2.15.0 before, 2.16.0 after.",
    ]
    bovw = next(method for method in found.methods if method.name == "bovw")
    assert bovw.parameters == [("classifier.C", 1.0, None), ("descriptor.step", 6, 4)]


def test_methods_without_results_in_a_run_are_listed_with_their_error(results):
    whole = base()
    bovw, fisher, tinynet = whole.methods
    failed = replace(bovw, cv=None, test=None, error="svm failed: no memory.\n  Fewer jobs.")
    broken = replace(whole, methods=[failed, replace(fisher, test=None), tinynet])
    added = replace(whole, methods=[*whole.methods, MethodResult("new", "r", error="Not made.")])
    before, after = results("a", broken), results("b", added)
    assert sorted(compare(before, after).missing) == [
        "bovw: no results in the earlier run: svm failed: no memory.",
        "fisher: no test scores in the earlier run",
        "new: no results in the later run: Not made.",
    ]
    found = compare(after, before)
    assert "bovw: no results in the later run: svm failed: no memory." in found.missing
    assert found.removed == ["new"]


def test_missing_results_of_many_methods_are_one_sentence(results):
    whole = base()
    none = [replace(m, cv=None, test=None, error="Not made.") for m in whole.methods]
    nothing, something = results("a", replace(whole, methods=none)), results("b", whole)
    for other, runs in ((nothing, "either run"), (something, "the earlier run")):
        (sentence,) = compare(nothing, other).missing
        names, _, rest = sentence.partition(": ")
        assert set(names.split(", ")) == {m.name for m in none}
        assert rest == f"no results in {runs}: Not made."


@pytest.mark.parametrize(("quality", "significant"), [(9.0, True), (2.25, False)])
def test_a_large_gain_is_more_than_noise_and_a_small_one_is_not(results, quality, significant):
    before, after = results("a", base()), results("b", changed(quality))
    bovw = next(m for m in compare(before, after).methods if m.name == "bovw")
    pair = bovw.scores["cv"]
    accuracies = [
        next(m for m in run["methods"] if m["name"] == "bovw")["cv"]["accuracy"]
        for run in (before, after)
    ]
    assert pair.difference == pytest.approx(accuracies[1] - accuracies[0])
    assert pair.significant is significant


def test_p_values_are_adjusted_over_the_methods(results):
    found = compare(results("a", base()), results("b", changed(2.6)))
    pairs = [method.scores["cv"] for method in found.methods if "cv" in method.scores]
    assert len(pairs) == 2
    smallest = min(pairs, key=lambda pair: pair.test.p)
    assert smallest.p_adjusted == pytest.approx(min(1.0, 2 * smallest.test.p))


def test_other_folds_are_not_compared_and_it_says_why(results):
    other = synthetic.three(per_class=24, folds=6)
    found = compare(results("a", base()), results("b", other))
    pair = found.methods[0].scores["cv"]
    assert pair.test is None
    assert "folds" in pair.untested


def with_images(whole, new: int, gone: int, relabeled: int):
    """The comparison after images were added, removed and moved to another class."""

    def changed(scores):
        ids = [f"new-{i}" if i < new else name for i, name in enumerate(scores.ids)]
        labels = scores.labels.copy()
        labels[new : new + relabeled] = (labels[new : new + relabeled] + 1) % 8
        whole = Scores(**{**vars(scores), "ids": ids, "labels": labels})
        return whole.where(np.arange(len(ids) - gone))

    methods = [replace(m, cv=changed(m.cv), test=changed(m.test)) for m in whole.methods]
    return replace(whole, methods=methods, data=replace(whole.data, digest="sha256:other"))


def test_images_that_differ_are_counted_and_the_common_ones_compared(results):
    """192 training and 96 test images; of each split 20 are new, 5 are gone, 3 moved."""
    whole = base()
    found = compare(results("a", whole), results("b", with_images(whole, 20, 5, 3)))
    assert found.setting == [
        "The images are not the same: 20 images only in the later run, "
        "50 images only in the earlier run, 6 images with another class; "
        "the 232 common ones are compared."
    ]
    for method in found.methods:
        assert set(method.scores) == {"cv", "test"}
        for pair in method.scores.values():
            assert pair.difference == 0.0
            assert pair.test is not None


def test_the_accuracies_compared_are_those_on_common_images(results):
    whole = base()
    later = with_images(whole, 30, 0, 0)
    better = [
        replace(m, test=Scores(**{**vars(m.test), "scores": np.eye(8)[m.test.labels]}))
        for m in later.methods
    ]
    found = compare(results("a", whole), results("b", replace(later, methods=better)))
    test = whole.methods[0].test
    (bovw,) = (method for method in found.methods if method.name == "bovw")
    wrong = (test.predictions != test.labels)[30:].mean()
    assert bovw.scores["test"].difference == pytest.approx(wrong)


def test_without_a_common_image_nothing_is_compared(results):
    whole = base()
    found = compare(results("a", whole), results("b", with_images(whole, 10_000, 0, 0)))
    assert found.setting[0].endswith("; none is common to both.")
    pair = found.methods[0].scores["cv"]
    assert pair.untested == "no image is in this split of both runs"


def test_other_contents_under_the_same_names_are_told(results):
    whole = base()
    other = replace(whole, data=replace(whole.data, digest="sha256:other"))
    (sentence,) = compare(results("a", whole), results("b", other)).setting
    assert "their names are, their contents or splits are not" in sentence
