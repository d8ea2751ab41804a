"""A report that is replaced by one with other results is kept."""

import json
from dataclasses import replace

import numpy as np
import pytest

from strata.errors import StrataError
from strata.reports import compare, read_results, write_report
from strata.reports.exports.previous_report import KEPT, earlier_reports, keep_previous
from tests.reports import synthetic


def with_step(step: int):
    """The report of a run on a day of its own, with other results."""
    whole = synthetic.three(classes=2, per_class=4, folds=4)
    bovw = replace(
        whole.methods[0],
        cv=synthetic.scores(classes=2, quality=2.0 + step, seed=step, per_class=4, folds=4),
        parameters={"step": step},
        visualizations=[],
    )
    run = replace(whole.run, started=f"2026-10-{10 + step}T09:14:03+02:00")
    return replace(whole, methods=[bovw], run=run)


def write(comparison, out):
    return write_report(comparison, out, thumbnail=synthetic.picture)


def test_what_a_new_report_replaces_can_still_be_compared(tmp_path):
    first = write(with_step(0), tmp_path)
    assert first.previous is None
    page = first.html.read_bytes()
    second = write(with_step(1), tmp_path)
    assert second.previous == tmp_path / "previous" / "2026-10-10T09-14-03"
    assert (second.previous / "report.html").read_bytes() == page
    found = compare(read_results(second.previous), read_results(tmp_path))
    bovw = next(method for method in found.methods if method.name == "bovw")
    assert bovw.parameters == [("step", 0, 1)]


def test_the_same_results_written_again_keep_nothing(tmp_path):
    write(with_step(0), tmp_path)
    later = with_step(0)
    run = replace(
        later.run, started="2026-12-01T00:00:00+01:00", seconds=1.0, command="strata report"
    )
    assert write(replace(later, run=run), tmp_path).previous is None
    assert earlier_reports(tmp_path) == []


def test_the_oldest_go_first_and_two_of_one_second_stay_apart(tmp_path):
    for step in range(KEPT + 2):
        write(with_step(step), tmp_path)
    names = [path.name for path in earlier_reports(tmp_path)]
    assert names == [f"2026-10-{11 + step}T09-14-03" for step in range(KEPT)]
    old = write(with_step(3), tmp_path).previous
    again = replace(with_step(4), run=with_step(3).run)
    assert write(again, tmp_path).previous.name == "2026-10-13T09-14-03-2"
    assert earlier_reports(tmp_path)[-1] == old


@pytest.mark.parametrize("content", ["", "[]", "{", '{"data": 1}', '{"methods": [{}], "data": {}}'])
def test_a_file_that_is_no_report_is_not_kept(tmp_path, content):
    (tmp_path / "results.json").write_text(content)
    assert keep_previous(tmp_path, json.dumps({})) is None


def test_other_folds_are_other_results_though_every_image_is_right(tmp_path):
    """The image column counts up whatever the folds are; the ids behind it do not."""
    whole = synthetic.three(per_class=8)
    cv = synthetic.scores(quality=99.0, per_class=8)
    turned = cv.where(np.roll(np.arange(len(cv.ids)), 3))
    for scores in (cv, turned):
        files = write(replace(whole, methods=[replace(whole.methods[0], cv=scores)]), tmp_path)
    assert files.previous is not None


def test_a_full_disk_leaves_nothing_half_kept(tmp_path, monkeypatch):
    write(with_step(0), tmp_path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(StrataError, match="No space left"):
        write(with_step(1), tmp_path)
    assert not (tmp_path / "previous").exists()
    bovw = next(m for m in read_results(tmp_path)["methods"] if m["name"] == "bovw")
    assert bovw["parameters"] == {"step": 0}
