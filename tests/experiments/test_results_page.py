"""The page of results: figures of other images stay away, rows of earlier runs stay."""

import json
from dataclasses import asdict

import pytest

from experiments.results.__main__ import main
from experiments.results.history import History, Record
from experiments.results.listing import listing
from experiments.results.page import PAGE, RUNS_TABLE, marked, replace_tables, write_page
from experiments.results.provenance import HEAD
from experiments.results.recorded import read_recorded
from experiments.results.runs import Place, read_runs
from experiments.results.tables import Results
from experiments.results.templates import read_templates

RUNS = read_runs()
OURS = "kernels"


def results_of(root, images, *, run=OURS, commit="abcdef0123"):
    """Results of one run of `images`, each of whose methods has an accuracy of 0.111."""
    place, history = Place("images", root), History(root / "history.json")
    record = Record("2026-01-01T10:00+00:00", "2026-01-01T11:00+00:00", 60.0, commit, "code", 0)
    history.records[run] = record
    place.results(RUNS[run]).parent.mkdir(parents=True)
    (root / "history.json").write_text(json.dumps({run: asdict(record)}))
    cv = {"accuracy": 0.111, "accuracy_low": 0.1, "accuracy_high": 0.122}
    names = [name for variants in RUNS[run].variants.values() for name in variants]
    document = {
        "data": {"digest": images},
        "methods": [{"name": name, "paper": 0.5, "cv": cv} for name in names],
    }
    place.results(RUNS[run]).write_text(json.dumps(document))
    return Results(RUNS, place, history)


def runs_table(path):
    return marked(path.read_text())[RUNS_TABLE]


@pytest.fixture
def page(tmp_path):
    """A page with the figures of one run of the images "aaaa...", and tables of earlier runs."""
    path = tmp_path / "page.md"
    path.write_text(replace_tables(PAGE.read_text(), {RUNS_TABLE: ""}))
    write_page(results_of(tmp_path / "first", "a" * 64, run="descriptors"), path)
    return path


def test_a_page_of_other_images_is_refused_and_stays(tmp_path, page, capfd):
    results_of(tmp_path / "into", "b" * 64)
    before = page.read_text()
    into = ["--into", str(tmp_path / "into")]
    assert main(["--tables", "--page", str(page), *into]) == 2
    assert "has the figures of other images (digest aaaaaaaaaa)" in capfd.readouterr().err
    assert page.read_text() == before


def test_other_images_are_refused_before_a_run_is_made(tmp_path, page, capfd):
    into = ["-j", "1", "--into", str(tmp_path / "into")]
    folder = tmp_path / "images"
    for name in ("one", "two"):
        draw(folder / name)
    assert main([str(folder), "--only", "pyramids", "--page", str(page), *into]) == 2
    assert "of other images" in capfd.readouterr().err
    assert not (tmp_path / "into" / "history.json").exists()


def draw(folder):
    import numpy as np
    from PIL import Image

    folder.mkdir(parents=True)
    rng = np.random.default_rng(len(folder.name))
    for number in range(24):
        pixels = rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{folder.name}{number}.png")


def test_without_a_page_a_copy_gets_the_tables_and_no_figure_of_other_images(tmp_path):
    results_of(tmp_path, "b" * 64)
    before = PAGE.read_bytes()
    assert main(["--tables", "--into", str(tmp_path)]) == 0
    assert PAGE.read_bytes() == before
    tables = marked((tmp_path / "results.md").read_text())
    assert "| linear | 0.50 | 0.111 | 0.100–0.122 |" in tables[OURS]
    assert tables["pyramids"].endswith("\n\nNot made with these images.")
    recorded = read_recorded(tables[RUNS_TABLE])
    assert list(recorded.rows) == [OURS]
    assert recorded.images == "b" * 10
    assert {*tables} - recorded.left == {OURS, RUNS_TABLE}


def test_a_copy_has_no_figure_of_other_images_before_a_run_is_made(tmp_path):
    place = Place("images", tmp_path, digest="b" * 64)
    results = Results(RUNS, place, History(tmp_path / "history.json"))
    assert not write_page(results, tmp_path / "copy.md", PAGE).written
    tables = marked((tmp_path / "copy.md").read_text())
    assert tables.pop(RUNS_TABLE).startswith("Nothing has been made yet.")
    assert all(table.endswith("Not made with these images.") for table in tables.values())


def test_rows_and_tables_of_runs_that_are_not_made_this_time_stay(tmp_path, page):
    descriptors, before = marked(page.read_text())["descriptors"], read_recorded(runs_table(page))
    write_page(results_of(tmp_path / "second", "a" * 64, run="fisher", commit=""), page)
    after = read_recorded(runs_table(page))
    assert list(after.rows) == ["descriptors", "fisher"]
    assert after.rows["descriptors"] == before.rows["descriptors"]
    assert before.left - after.left == {"fisher-vectors"}
    assert after.images == "a" * 10
    assert marked(page.read_text())["descriptors"] == descriptors
    assert "of 1 commit and of sources in no git repository: abcdef0123." in runs_table(page)


def test_the_machine_of_a_row_is_read_back():
    rows = [["one", "`strata make`", "now", "1 s", "abc", "def", "2"]]
    table = "\n".join(f"| {' | '.join(row)} |" for row in (HEAD, ["---"] * 7, *rows))
    text = f"{table}\n\n1. A, 2 cores.\n2. B, 4 cores; torch 2.0.\n"
    assert read_recorded(text).rows["one"][-1] == "B, 4 cores; torch 2.0"


def test_a_page_that_is_not_there_is_a_sentence(tmp_path, capfd):
    assert main(["--tables", "--page", str(tmp_path / "no.md"), "--into", str(tmp_path)]) == 2
    assert "cannot be read" in capfd.readouterr().err


def test_sources_without_git_have_no_commit(tmp_path):
    results_of(tmp_path, "b" * 64, commit="")
    assert main(["--tables", "--into", str(tmp_path)]) == 0
    assert "Their commits are not known: the sources were in no git" in runs_table(
        tmp_path / "results.md"
    )


def test_the_list_names_each_table_with_its_smallest_command(tmp_path, capfd):
    assert main(["--list", "--into", str(tmp_path / "none")]) == 0
    text = capfd.readouterr().out
    command = "strata make kernel -f experiments/paper/networks_cnn.toml --set protocol.folds=4"
    assert f"    Table IX: kernel size: {command}\n" in text
    assert "unfreezing-whole: needs a GPU\n" in text
    assert all(template.title in text for template in read_templates().values())
    assert not (tmp_path / "none").exists()


def test_hours_in_the_list_are_measured_where_a_run_was_made(tmp_path):
    history = results_of(tmp_path, "").history
    text = listing([RUNS[OURS], RUNS["cnn"]], read_templates(), history)
    assert f"{OURS}: made, took 60 s\n" in text
    assert f"cnn: about {RUNS['cnn'].hours:.1f} h\n" in text
    assert f"about {RUNS['cnn'].hours:.1f} h left in all" in text


def test_every_run_without_a_gpu_has_an_estimate():
    assert not [r.name for r in RUNS.values() if not (r.hours or r.gpu or r.is_script)]
