"""The list of runs, the templates of tables and the page of results fit together."""

import json
import re

import pytest

from experiments.results.cells import FIELDS, AbsentError
from experiments.results.histories import LAYER_FIELDS, layer_cells
from experiments.results.history import History, Record
from experiments.results.page import PAGE, RUNS_TABLE, replace_tables
from experiments.results.runs import EXPERIMENTS, Place, chosen, read_runs
from experiments.results.tables import Results, expanded
from experiments.results.templates import placeholders, read_templates
from strata.errors import InputError
from strata.pipeline.store.gc_roots import register_report
from strata.pipeline.store.store import Store

RUNS = read_runs()
TEMPLATES = {name: template.text for name, template in read_templates().items()}


def test_every_experiment_is_run():
    run = {run.path for run in RUNS.values()}
    files = {*EXPERIMENTS.rglob("*.toml"), *(EXPERIMENTS / "paper").glob("*.py")}
    assert files - run == {EXPERIMENTS / "demo.toml", EXPERIMENTS / "results" / "runs.toml"}


@pytest.mark.parametrize("run", [r for r in RUNS.values() if not r.is_script], ids=lambda r: r.name)
def test_runs_make_methods_of_their_files(run):
    assert set(run.variants) >= set(run.methods)


@pytest.mark.parametrize("table", TEMPLATES)
def test_every_cell_asks_for_a_number_of_a_method_that_is_made(table):
    for fields, run, method in placeholders(TEMPLATES[table]):
        assert {*FIELDS, *LAYER_FIELDS} >= set(fields)
        names = expanded(method, RUNS[run])
        made = RUNS[run].methods
        assert not made or all(name.partition("[")[0] in made for name in names)


@pytest.mark.parametrize("table", TEMPLATES)
def test_rows_of_a_table_are_of_one_length(table):
    def cells(match):
        [(fields, run, method)] = placeholders(match[0])
        count = sum(4 if field in LAYER_FIELDS else 1 for field in fields)
        return "|".join(["0"] * count * len(expanded(method, RUNS[run])))

    rows = re.sub(r"\{[^{}]+\}", cells, TEMPLATES[table]).splitlines()
    assert {row.count("|") for row in rows} == {rows[0].count("|")}


def test_the_page_has_every_table_once():
    names = re.findall(r"<!-- table: ([\w-]+) -->", PAGE.read_text(encoding="utf-8"))
    assert sorted(names) == sorted([*TEMPLATES, RUNS_TABLE])


def test_every_table_of_the_page_is_between_markers():
    """So every number in a table comes from the program."""
    rest = replace_tables(PAGE.read_text(encoding="utf-8"), dict.fromkeys(TEMPLATES, ""))
    rest = replace_tables(rest, {RUNS_TABLE: ""})
    assert not re.findall(r"^\|.*", rest, flags=re.M)


def test_runs_that_need_a_gpu_are_made_when_named():
    runs = {r.name: r for r in RUNS.values()}
    gpu = [run for run in runs.values() if run.gpu]
    assert not set(gpu) & set(chosen(runs, []))
    assert chosen(runs, ["fisher", "kernels"]) == [runs["kernels"], runs["fisher"]]
    with pytest.raises(InputError, match="no run 'fishers'") as error:
        chosen(runs, ["fishers"])
    assert "'fisher'" in error.value.hint


METHOD = {
    "name": "words[n_words=8]",
    "paper": 0.83,
    "training_accuracy": 0.9671,
    "cost": {"parameters": 19368, "fit_seconds": 27.6},
    "cv": {
        "accuracy": 0.7094,
        "accuracy_low": 0.6694,
        "accuracy_high": 0.7494,
        "folds": [[0.7, 0.72], [0.69, 0.71]],
        "spread": {"between": 0.0, "within": 0.0004, "shared": True},
    },
    "validation": {"start": 0.3123, "slope": 0.0412, "asymptote": 0.8012},
    "search": {
        "picked": [1, 0, 1],
        "trials": [{"parameters": {"C": 1.5}}, {"parameters": {"C": 2}}],
    },
}


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("accuracy", "0.709"),
        ("interval", "0.669–0.749"),
        ("short", ".709"),
        ("half", ".040"),
        ("both", ".709 ± .040"),
        ("paper", "0.83"),
        ("pair", ".83 / .709"),
        ("training", ".967"),
        ("parameters", "19,368"),
        ("millions", "0.0"),
        ("ratio", "3.66"),
        ("ratios", "4.29 / 3.66"),
        ("seconds", "28"),
        ("by_seed", ".710, .700"),
        ("over_seeds", ".020"),
        ("start", ".312"),
        ("slope", ".041"),
        ("asymptote", ".801"),
        ("picked", "2 (2 folds); 1.5"),
    ],
)
def test_numbers_are_printed_as_the_page_has_them(field, text):
    assert FIELDS[field](METHOD) == text


@pytest.mark.parametrize("field", FIELDS)
def test_an_absent_number_is_named(field):
    with pytest.raises(AbsentError, match="method-without has no "):
        FIELDS[field]({"name": "method-without", "cv": {}, "cost": None, "paper": None})


def test_a_table_of_a_run_that_is_not_made_is_refused(tmp_path):
    results = Results(RUNS, Place("images", tmp_path), History(tmp_path / "history.json"))
    with pytest.raises(AbsentError, match="the run fisher has not been made"):
        results.fill(TEMPLATES["fisher-vectors"])


@pytest.mark.parametrize(
    ("started", "exit_code", "counts"),
    [
        ("2026-11-30T12:00+00:00", 0, True),  # it was up to date already
        ("2026-11-30T12:00+00:00", 1, False),
        ("2026-11-30T12:00+00:00", None, False),
        ("2026-11-30T10:00+00:00", 1, True),  # some of its methods failed
    ],
)
def test_results_of_an_earlier_attempt_count_only_if_they_are_up_to_date(
    tmp_path, started, exit_code, counts
):
    place, history = Place("images", tmp_path), History(tmp_path / "history.json")
    history.records["fisher"] = Record(started, "", 1.0, "", "", exit_code)
    results = Results(RUNS, place, history)
    file = place.results(RUNS["fisher"])
    file.parent.mkdir(parents=True)
    begun = "2026-11-30T11:00:00+00:00"
    file.write_text(
        json.dumps({"run": {"started": begun}, "methods": [{**METHOD, "name": "vlad"}]})
    )
    if counts:
        assert results.fill("| {accuracy fisher/vlad} |") == "| 0.709 |"
    else:
        with pytest.raises(AbsentError, match="the run fisher has not been finished"):
            results.fill("| {accuracy fisher/vlad} |")


def test_shares_of_zeros_are_means_over_the_folds(tmp_path):
    store = Store(tmp_path / "store").open()
    report = tmp_path / "out" / "report.html"
    report.parent.mkdir()
    report.write_text("")
    for fold, share in enumerate((0.5, 0.7), start=1):
        first = {"zeros/block1": 0.1, "zeros/block2": 0.2, "zeros/embedding": 0.3}
        last = {"zeros/block1": share, "zeros/block2": 1.0}
        key = f"{fold:040d}"
        store.write(key, {"history": [first, last]}, {"context": f"glorot, fold {fold}"})
    register_report(store, report, [f"{fold:040d}" for fold in (1, 2)])
    cells = [layer_cells(f, store.root, report, "glorot") for f in ("zeros_first", "zeros_last")]
    assert cells == [".10 | .20", ".60 | 1.00"]
    with pytest.raises(AbsentError, match="no zeros of the layers of he"):
        layer_cells("zeros_last", store.root, report, "he")
