from pathlib import Path

import pytest

from strata.errors import InputError
from strata.pipeline.cli.results_path import previous_results_path, results_path


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with two reports in `out`, and another project with one."""
    monkeypatch.chdir(tmp_path)
    for folder in ("out/one", "out/two", "elsewhere/out/three", "experiments/out/four"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "results.json").write_text("{}")
        (tmp_path / folder / "report.html").write_text("")
    (tmp_path / "experiments" / "four.toml").write_text("")
    return tmp_path


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ("out/one", "out/one"),
        ("one", "out/one"),
        ("out/two/results.json", "out/two"),
        ("out/two/report.html", "out/two"),
        ("elsewhere", "elsewhere/out/three"),
        ("elsewhere/out", "elsewhere/out/three"),
        ("elsewhere/three", "elsewhere/out/three"),
        ("experiments/four.toml", "experiments/out/four"),
    ],
)
def test_a_report_is_found_by_every_name_that_it_goes_by(place, named, found):
    assert results_path(Path(named)) == Path(found) / "results.json"


def test_a_missing_report_is_answered_with_the_existing_ones(place):
    with pytest.raises(InputError) as error:
        results_path(Path("nine"))
    assert "no results of a report at nine" in error.value.what
    assert "out/one" in error.value.hint
    assert "out/two" in error.value.hint
    with pytest.raises(InputError, match="several reports"):
        results_path(Path("out"))


def test_where_there_is_no_report_it_says_where_they_are_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as error:
        results_path(Path("nine"))
    assert "strata make" in error.value.hint


def test_an_experiment_file_leads_to_the_report_of_its_name(place):
    """The key `name`, or for strata.toml the folder's name, as `strata make` names the report."""
    (place / "any.toml").write_text('name = "two"')
    assert results_path(Path("any.toml")) == Path("out/two/results.json")
    folder = place / "out" / place.name
    folder.mkdir()
    (folder / "results.json").write_text("{}")
    (place / "strata.toml").write_text("")
    assert results_path(Path("strata.toml")) == Path("out") / place.name / "results.json"


def test_the_newest_earlier_report_is_found(place):
    for when in ("2026-10-11T09-14-03", "2026-10-12T00-00-00"):
        (place / "out/one/previous" / when).mkdir(parents=True)
        (place / "out/one/previous" / when / "results.json").write_text("{}")
    found = previous_results_path(results_path(Path("one")))
    assert found == Path("out/one/previous/2026-10-12T00-00-00/results.json")
    with pytest.raises(InputError, match="no earlier report"):
        previous_results_path(results_path(Path("two")))
