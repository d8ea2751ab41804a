"""The command that makes all runs and writes the tables, on a small experiment."""

import json
import subprocess
from dataclasses import replace

import pytest

from experiments.results.__main__ import main
from experiments.results.history import History, Record
from experiments.results.outlook import Outlook
from experiments.results.room import make_room, removable
from experiments.results.runs import Place, read_runs
from strata.pipeline.store.store import Store

TOY = """\
name = "toy"

[data]
source = "elsewhere"
per_class = 4
size = 48
near_duplicates = false

[protocol]
folds = 2
test = 0

[methods.words]
recipe = "bovw"
paper = [0.5, 0.6]
descriptor = { step = 12, bin_sizes = [4], mirror = false }
histogram.pyramid = "none"
classifier = { use = "knn", n_neighbors = 1 }
vary = { "codebook.n_words" = [4, 8] }
"""
RUNS = """\
toy = { file = "toy.toml", methods = ["words"] }
broken = { file = "broken.toml" }
"""
TEMPLATES = """\
# Tables

## words: Table 1: words

| words | 4 | 8 |
|---|---|---|
| paper / ours | {pair toy/words[*]} |

## deep: A network

| | accuracy |
|---|---|
| network | {accuracy broken/network} |
"""
PAGE = """\
Text above, 0.123.

<!-- table: words -->
| old |
<!-- end of table -->
Text between.

<!-- table: deep -->
| of an earlier run |
<!-- end of table -->

<!-- table: runs -->
<!-- end of table -->
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    root = tmp_path_factory.mktemp("results")
    folder = root / "experiments" / "results"
    folder.mkdir(parents=True)
    (root / "experiments" / "toy.toml").write_text(TOY)
    broken = "[methods.network]\nrecipe = 'cnn'\nnetwork.epoch = 2\n"
    (root / "experiments" / "broken.toml").write_text(broken)
    (folder / "runs.toml").write_text(RUNS)
    (folder / "tables.md").write_text(TEMPLATES)
    (root / "page.md").write_text(PAGE)
    return root


def command(project, *words):
    folder = project / "experiments" / "results"
    files = ["--runs", folder / "runs.toml", "--templates", folder / "tables.md"]
    places = ["--page", project / "page.md", "--into", project / "into"]
    return main([*words, "-j", "1", *map(str, (*files, *places))])


@pytest.fixture(scope="module")
def made(project):
    """The project after its first run, and the page then."""
    assert command(project, "scenes", "--only", "toy") == 0
    return project, (project / "page.md").read_text()


def numbers(project):
    document = json.loads((project / "into" / "out" / "toy" / "results.json").read_text())
    return {m["name"]: m["cv"]["accuracy"] for m in document["methods"] if m["cv"]}


def test_tables_are_filled_and_text_stays(made):
    project, page = made
    found = numbers(project)
    four, eight = (f"{found[f'words[n_words={n}]']:.3f}".removeprefix("0") for n in (4, 8))
    assert f"| paper / ours | .50 / {four} | .60 / {eight} |" in page
    assert page.startswith(
        "Text above, 0.123.\n\n<!-- table: words -->\n"
        "**Table 1: words**: run `toy`, `strata make words -f toy.toml`\n\n| words | 4 | 8 |"
    )
    assert "Text between." in page


def test_the_page_says_what_ran_when_and_which_tables_did_not(made):
    _, page = made
    table = page.partition("<!-- table: runs -->")[2]
    assert "| toy | `strata make words -f toy.toml` | 20" in table
    assert ", 1 process | " in table
    assert "numpy" in table
    assert "- `deep`: the run broken has not been made." in table
    assert "| of an earlier run |" in page


def test_what_is_made_is_not_made_again(made, capfd):
    project, page = made
    assert command(project, "scenes", "--only", "toy") == 0
    assert "up to date" in capfd.readouterr().out
    assert (project / "page.md").read_text() == page


def test_the_list_says_what_is_left(made, capfd):
    project, _ = made
    assert command(project, "scenes", "--list", "--only", "toy") == 0
    line = capfd.readouterr().out.splitlines()[0]
    assert line.startswith("toy: made, took ")


def test_a_run_that_fails_leaves_its_table_and_is_named(made, capfd):
    project, _ = made
    assert command(project, "scenes", "--only", "broken") == 1
    out, err = capfd.readouterr()
    assert "Did you mean 'epochs'?" in err
    assert "failed, wholly or in part: broken" in err
    assert "deep: the run broken has not been made" in out
    assert "| of an earlier run |" in (project / "page.md").read_text()


def test_descriptors_and_vectors_that_no_later_run_reads_may_go(made):
    project, _ = made
    place = Place("scenes", project / "into", 1)
    run = read_runs(project / "experiments" / "results" / "runs.toml")["toy"]
    store, outlook = Store(place.store).open(), Outlook.of(run, place)
    assert outlook.is_made
    assert removable([outlook.plan], [outlook.plan], store) == []
    keys = removable([outlook.plan], [], store)
    roles = {outlook.plan.nodes[key].stage.role for key in keys}
    assert roles == {"local descriptors", "vectors"}
    assert make_room(0, [run], place, limit=1.0) == []  # nothing has to be written


def test_a_run_that_would_not_fit_keeps_no_descriptors(made):
    project, _ = made
    place = Place("scenes", project / "into", 1)
    run = read_runs(project / "experiments" / "results" / "runs.toml")["toy"]
    other = replace(run, settings=("words.descriptor.step=16",))
    store = Store(place.store).open()
    before = set(store.keys())
    assert make_room(1, [run, other], place, limit=None) == []
    assert set(store.keys()) == before
    assert make_room(1, [run, other], place, limit=1.0) == ["--frugal"]
    assert not removable([Outlook.of(run, place).plan], [], store)
    assert Outlook.of(run, place).is_made


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["scenes", "--only", "toys"], "Did you mean 'toy'?"),
        (["--only", "toy", "scenes"], "No images are named"),
        (["/nowhere"], "no images at /nowhere"),
    ],
)
def test_wrong_usage_is_a_sentence(project, capfd, words, message):
    assert command(project, *words) == 2
    assert message in capfd.readouterr().err


def test_a_page_with_other_tables_is_refused(project, tmp_path, capfd):
    page = tmp_path / "page.md"
    page.write_text(PAGE.replace("table: words", "table: word"))
    folder = project / "experiments" / "results"
    files = ["--runs", str(folder / "runs.toml"), "--templates", str(folder / "tables.md")]
    assert main(["--tables", *files, "--page", str(page), "--into", str(tmp_path)]) == 2
    error = capfd.readouterr().err
    assert "it lacks words" in error
    assert "tables.md lacks word" in error


def test_runs_of_different_images_are_refused(project, tmp_path, capfd):
    for name, digest in (("toy", "1"), ("broken", "2")):
        (tmp_path / "out" / name).mkdir(parents=True)
        document = {"data": {"digest": digest}, "methods": []}
        (tmp_path / "out" / name / "results.json").write_text(json.dumps(document))
        follow(History(tmp_path / "history.json"), name)
    folder = project / "experiments" / "results"
    files = ["--runs", str(folder / "runs.toml"), "--templates", str(folder / "tables.md")]
    page = str(project / "page.md")
    assert main(["--tables", *files, "--page", page, "--into", str(tmp_path)]) == 2
    assert "are of different images: toy and broken" in capfd.readouterr().err


def test_a_run_without_a_file_is_refused(tmp_path, capfd):
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "runs.toml").write_text('one = { file = "one.toml" }\n')
    assert main(["--tables", "--runs", str(tmp_path / "results" / "runs.toml")]) == 2
    assert "there is no file" in capfd.readouterr().err


def follow(history, name="one", code="digest", exit_code=0):
    with subprocess.Popen(["sh", "-c", f"sleep 0.1; exit {exit_code}"]) as process:
        return history.follow(name, code, process)


def test_times_of_an_interrupted_run_are_added(tmp_path):
    path = tmp_path / "history.json"
    history = History(path)
    history.records["one"] = Record("2026-01-01T10:00+00:00", "", 100.0, "abc", "digest", None)
    assert follow(history, exit_code=1) == 1
    assert not history.is_done("one", "digest")
    assert follow(History(path)) == 0
    history = History(path)
    assert history.is_done("one", "digest")
    assert 100.2 <= history.records["one"].seconds < 110
    assert history.records["one"].started == "2026-01-01T10:00+00:00"


def test_a_run_of_other_code_begins_anew(tmp_path):
    history = History(tmp_path / "history.json")
    history.records["one"] = Record("2026-01-01T10:00+00:00", "", 100.0, "abc", "old", None)
    follow(history, code="new")
    assert history.records["one"].seconds < 10
    assert not history.is_done("one", "old")
