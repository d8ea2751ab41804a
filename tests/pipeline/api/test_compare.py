"""`strata.compare`: the artifacts of the command line, and a result to work with."""

import shutil
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest

import strata
from strata.errors import InputError, StrataError
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.store.store import Store
from tests.pipeline.project import predictions_of, write_images

#: GIST of small images, neighbors of it: no library but scikit-learn in the workers.
METHODS = {
    "gist": {
        "descriptor": {"image_size": 32, "orientations": (4,)},
        "reduction": {"use": "standardize"},
        "classifier": {"use": "knn", "n_neighbors": 3},
    }
}
FILE = """\
[data]
source = "photos"
near_duplicates = false

[protocol]
folds = 2
seed = 3

[methods.gist]
descriptor = { image_size = 32, orientations = [4] }
reduction = { use = "standardize" }
classifier = { use = "knn", n_neighbors = 3 }
"""
COMMON = {"jobs": 1, "progress": False}


def compare_photos(**changed):
    arguments = {"folds": 2, "seed": 3, "settings": {"data.near_duplicates": False}}
    return strata.compare("photos", METHODS, **arguments | COMMON | changed)


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Current folder with images, and an experiment file of the same comparison."""
    write_images(tmp_path / "photos", per_class=6)
    (tmp_path / "strata.toml").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_python_and_the_command_line_make_the_same_artifacts(photos):
    result = compare_photos()
    made = set(Store(photos / ".strata").keys())
    workspace = Workspace.at(photos / "strata.toml", [], None, None, 1, False)
    assert not workspace.plan([])[1].needed
    done = subprocess.run(
        [sys.executable, "-m", "strata", "make", "-j", "1"], capture_output=True, text=True
    )
    assert "made 0 artifacts" in done.stdout, done.stderr
    drawn = drawn_in(photos)  # the command line writes a report
    assert set(Store(photos / ".strata").keys()) - drawn == made
    accuracy = result.results["methods"][0]["cv"]["accuracy"]
    assert f"{100 * accuracy:.1f}" in done.stdout


def test_it_takes_what_the_command_line_has_made(made, capfd):
    before = predictions_of(made)
    result = strata.compare(experiment=made.file, jobs=1)
    assert capfd.readouterr().err == ""  # nothing was made
    assert predictions_of(made) == before
    assert set(result.methods) == {"plain", "squared"}
    assert not result.errors


def drawn_in(root):
    """Keys of the artifacts that hold a report's pictures."""
    store = Store(root / ".strata")
    drawn = ("visualizations", "worst mistakes")
    return {key for key in set(store.keys()) if store.manifest(key)["stage"] in drawn}


def test_pictures_are_drawn_for_a_report_and_not_before(photos):
    result = compare_photos()
    assert result.results["methods"][0]["cv"]
    assert drawn_in(photos) == set()
    result.report("page")
    drawn = drawn_in(photos)
    assert len(drawn) == 1
    compare_photos(out="again")
    assert drawn_in(photos) == drawn
    assert (photos / "again" / "results.json").exists()


def test_drawing_is_shown_in_the_progress(made, monkeypatch):
    from strata.pipeline.workspace.step_progress import StepProgress

    seen = []

    @contextmanager
    def during(self, what):
        seen.append(what)
        yield

    monkeypatch.setattr(StepProgress, "during", during)
    result = strata.compare(experiment=made.file, **COMMON)
    assert seen == []
    result.report(made.root / "page")
    assert seen == [
        *(f"drawing the pictures of {name}" for name in ("plain", "squared")),
        "drawing the worst mistakes",
        "drawing the report",
    ]


def test_methods_and_settings_take_the_place_of_the_files(made):
    settings = {"plain.means.shrink": 0.5}
    result = strata.compare(None, "plain", experiment=made.file, settings=settings, **COMMON)
    assert result.methods == ["plain"]
    assert result.results["methods"][0]["parameters"]["means"]["shrink"] == 0.5
    assert result.results["run"]["settings"] == ["plain.means.shrink=0.5"]


def test_the_result_is_a_table_and_a_model(made, tmp_path):
    pandas = pytest.importorskip("pandas")
    result = strata.compare(experiment=made.file, **COMMON)
    table = result.table()
    assert isinstance(table, pandas.DataFrame)
    assert list(table["method"]) == result.methods
    assert result.best == result.methods[0]
    by_name = {m["name"]: m for m in result.results["methods"]}
    for row in table.to_dict("records"):
        assert row["cv_accuracy"] == by_name[row["method"]]["cv"]["accuracy"]
    first, *lines = repr(result).splitlines()
    assert first.split()[:2] == ["#", "method"]
    assert len([line for line in lines if line.startswith(("1 ", "2 "))]) == 2
    page = result.report(tmp_path / "page")
    assert page == tmp_path / "page" / "report.html"
    assert "strata.compare(experiment=" in page.read_text()


def test_the_table_is_a_list_of_dicts_without_pandas(made, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    table = strata.compare(experiment=made.file, **COMMON).table()
    assert [row["rank"] for row in table] == [1, 2]


def test_new_images_are_classified_by_the_best_or_the_named_method(made):
    result = strata.compare(experiment=made.file, **COMMON)
    model = result.model()
    assert model.name == result.best
    assert model.classes == ("blue", "gray", "green")
    assert result.model("squared").name == "squared"
    with pytest.raises(InputError, match="There is no method 'plane'"):
        result.predict([], method="plane")


def test_a_method_leaves_for_a_file_and_predicts_the_same_there(made, tmp_path):
    result = strata.compare(experiment=made.file, **COMMON)
    path = result.export(tmp_path / "plain.strata", "plain")
    images = sorted((made.root / "images").rglob("*.png"))
    model = strata.load(path, modules=[made.root / "toy_recipes.py"])
    assert model.name == "plain"
    here = result.model("plain").decision_function(images)
    assert np.array_equal(model.decision_function(images), here)
    assert list(model.predict(images)) == list(result.predict(images, "plain"))
    with pytest.raises(InputError, match=r"Name it .*plain\.strata"):
        result.export(tmp_path / "plain.pkl", "plain")


def test_numbers_of_numpy_are_numbers(photos):
    result = compare_photos(folds=np.int64(2), seed=np.int64(3))
    assert result.results["run"]["folds"] == 2
    assert "folds=2" in result.results["run"]["command"]


def test_a_folder_is_no_name_of_a_file(made, monkeypatch):
    monkeypatch.chdir(made.root)
    result = strata.compare(experiment=made.file, **COMMON)
    for folder in (".", "..", "images"):
        with pytest.raises(InputError, match=rf"folder.*\n.*Name it .*{result.best}\.strata"):
            result.export(folder)


def test_a_store_that_is_gone_is_told(made):
    result = strata.compare(experiment=made.file, **COMMON)
    shutil.rmtree(made.store)
    for use in (result.model, lambda: result.predict([]), lambda: result.export("a.strata")):
        with pytest.raises(StrataError, match=r"store .* is gone\.\n  Compare again"):
            use()


def test_a_method_that_fails_stops_no_other(made):
    settings = {"plain.means.rate": 2.0}  # diverges
    with pytest.warns(RuntimeWarning, match=r"(?s)plain failed: .*Training diverged"):
        result = strata.compare(experiment=made.file, settings=settings, **COMMON)
    assert result.methods == ["squared"]
    assert "Training diverged" in result.errors["plain"]
    assert "Training diverged" in repr(result)
    with pytest.raises(InputError, match="plain has no results"):
        result.model("plain")


def test_an_error_of_all_methods_is_raised(made):
    settings = {"plain.scoring.fail": True}
    with pytest.raises(StrataError, match="asked to fail"):
        strata.compare(None, ["plain"], experiment=made.file, settings=settings, **COMMON)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"methods": ["fischer"]}, "strata.compare: methods.fischer: there is no recipe.*'fisher'"),
        ({"methods": []}, "strata.compare: It needs methods"),
        ({"methods": {"gist": {"descriptr": {}}}}, "methods.gist.descriptr is not a parameter"),
        ({"methods": {"gist": {"x": object()}}}, "it has no object"),
        ({"methods": ["gist"], "folds": 1}, "protocol.folds = 1"),
        ({"methods": ["gist"], "settings": {"protocol.fold": 3}}, "Did you mean 'folds'"),
        ({"methods": ["gist"], "images": "nowhere"}, "There is no .*nowhere"),
        ({"methods": [], "images": "nope"}, r"There is no .*nope\.\n  In .*: Known: photos\."),
        ({"methods": ["gist"], "images": 3}, "images = 3 is no path"),
        ({"methods": ["gist"], "store": 3}, "store = 3 is no path"),
        ({"methods": 3}, "methods = 3 is neither"),
        ({"methods": {"gist": None}}, r"methods\['gist'\] = None is no table"),
        ({"methods": ["gist"], "settings": {3: 4}}, "settings has the key 3"),
        ({"methods": ["gist"], "jobs": 0}, "jobs = 0 is no number of processes"),
        ({"methods": ["gist"], "jobs": -1}, "jobs = -1 is no number of processes"),
        ({"methods": ["gist"], "images": None}, "It needs images"),
        ({"experiment": "absent.toml"}, "There is no experiment file"),
    ],
)
def test_wrong_arguments_are_told_before_anything_runs(photos, arguments, message):
    with pytest.raises(InputError, match=f"(?s){message}"):
        strata.compare(**{"images": "photos", **COMMON} | arguments)
    assert not any(Store(photos / ".strata").keys())


def test_a_plain_script_and_its_threads_need_no_guard(photos):
    """Worker processes do not run the script again, and any thread may compare."""
    (photos / "script.py").write_text(
        "import threading, strata\n"
        "print('begun')\n"
        f"def run(): print(strata.compare('photos', {METHODS!r}, folds=2, jobs=2).best)\n"
        "thread = threading.Thread(target=run)\n"
        "thread.start()\n"
        "thread.join()\n"
    )
    done = subprocess.run([sys.executable, "script.py"], capture_output=True, text=True)
    assert done.stdout.split() == ["begun", "gist"], done.stderr
    assert "gist: knn" in done.stderr  # plain lines of progress
    assert "\x1b" not in done.stderr
    assert "Traceback" not in done.stderr


def test_cells_of_notebooks_are_escaped(made):
    result = strata.compare(experiment=made.file, **COMMON)
    html = result._repr_html_()
    assert html.count("<tr>") == 1 + len(result.methods)
    from strata.pipeline.api.tables import html_table

    text = html_table(["<script>"], [["a & b\x1b"]], ["<b>"])
    assert "<script>" not in text
    assert "a &amp; b\\x1b" in text


def test_importing_strata_is_quick():
    """Neither comparing nor anything else is loaded before it is asked for."""
    code = "import sys, strata; print(sorted(m for m in sys.modules if m.startswith('strata.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['strata._threads']"


def test_public_names_are_documented():
    for name in strata.__all__:
        assert getattr(strata, name).__doc__ or name == "__version__"
