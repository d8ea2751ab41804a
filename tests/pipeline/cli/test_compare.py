"""`strata compare` on reports as they lie in `out`."""

import json
from dataclasses import replace
from pathlib import Path
from shutil import rmtree

import pytest

from strata.errors import InputError
from strata.pipeline.cli.compare import compare
from strata.reports import write_report
from tests.reports import synthetic


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An experiment file and two reports, the later one with another parameter and scores."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "strata.toml").write_text('name = "scenes"\n')
    whole = synthetic.three(classes=2, per_class=8, folds=4)
    bovw = replace(
        whole.methods[0],
        parameters={"step": 4},
        cv=synthetic.scores(classes=2, per_class=8, folds=4, quality=9.0),
    )
    later = replace(whole, methods=[bovw, *whole.methods[1:]])
    for comparison in (whole, later):
        write_report(comparison, tmp_path / "out" / "scenes", thumbnail=synthetic.picture)
    return tmp_path


def test_a_report_alone_is_compared_with_the_one_that_it_replaced(project, capsys):
    for named in ("strata.toml", "scenes", "out/scenes"):
        assert compare(Path(named), None) == 0
        out = capsys.readouterr().out
        assert out.startswith("before: out/scenes/previous/2026-10-11T09-14-03\n")
        assert "bovw: step was unset, is 4" in out
    (kept,) = (project / "out/scenes/previous").iterdir()
    compare(kept, Path("scenes"))
    assert "bovw: step was unset, is 4" in capsys.readouterr().out


def test_without_an_earlier_report_it_says_when_one_is_kept(project):
    rmtree(project / "out/scenes/previous")
    with pytest.raises(InputError, match="no earlier report") as error:
        compare(project / "strata.toml", None)
    assert "strata make" in error.value.hint


def test_nothing_in_a_results_file_steers_the_terminal(project, capsys):
    file = project / "out/scenes/results.json"
    document = json.loads(file.read_text("utf-8"))
    document["methods"][0]["parameters"] = {"a\x1b[2J": "b\x07"}
    document["run"]["versions"]["\x1b]0;owned"] = "1\n2"
    file.write_text(json.dumps(document))
    compare(project / "out/scenes", None)
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "\\x1b[2J" in out
