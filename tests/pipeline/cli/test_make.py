"""Make's habits, on a small folder of images and a method of a few lines."""

import json
import re
import shutil
from datetime import datetime, timedelta

from strata.pipeline.store.store import Store
from tests.pipeline.predicted import predictions_in
from tests.pipeline.project import Project, keys_of_methods, predictions_of, rot, write_images


def test_a_second_make_does_nothing_and_says_so(project):
    first = project.make()
    assert "plain" in first
    assert "report.html" in first
    second = project.make()
    assert "Nothing to be done: plain and squared are up to date" in second
    assert (project.root / "out" / "toy" / "report.html").stat().st_size < 5e6


def test_a_report_that_was_removed_is_written_again(made):
    page = made.root / "out" / "toy" / "report.html"
    page.unlink()
    assert "made 0 artifacts" in made.make()
    assert page.exists()


def test_the_report_says_when_the_run_began(project):
    before = datetime.now().astimezone().replace(microsecond=0)
    project.make()
    run = json.loads((project.root / "out" / "toy" / "results.json").read_text())["run"]
    began = datetime.fromisoformat(run["started"])
    assert began >= before
    assert began + timedelta(seconds=run["seconds"]) <= datetime.now().astimezone()


def test_what_would_be_made_names_the_variant(project):
    project.file.write_text(project.file.read_text() + "vary = { 'means.shrink' = [0.25] }\n")
    assert "would make  squared[shrink=0.25]: class_means (4)" in project.make("-n")


def test_a_changed_parameter_reruns_what_hangs_on_it(made):
    out = made.make("--set", "plain.scoring.fail=false", "--set", "squared.means.shrink=0.5", "-n")
    made = dict(re.findall(r"would make  squared: (\w+) \((\d+)\)", out))
    assert made == {"class_means": "4", "distances": "4", "predictions": "1"}
    assert "would make  plain" not in out
    assert "the parameter 'shrink' changed from 0.0 to 0.5" in out


def test_code_that_a_stage_reaches_counts_and_comments_do_not(made):
    recipes = made.root / "toy_recipes.py"
    recipes.write_text(recipes.read_text().replace("# A comment that", "# Another comment that"))
    assert "Nothing to be done" in made.make()
    recipes.write_text(recipes.read_text().replace("SCALE = 255.0", "SCALE = 256.0"))
    assert "recipes_toy_recipes.SCALE changed" in made.strata("why").stdout
    assert re.search(r"made \d+ artifacts", made.make())
    recipes.write_text(recipes.read_text().replace("SCALE = 256.0", "SCALE = 255.0"))
    assert "made 0 artifacts" in made.make()  # the old ones are still there


def test_an_added_image_is_named(made):
    other = made.root / "other"
    write_images(other, per_class=9)
    shutil.copy(other / "blue" / "008.png", made.root / "images" / "blue" / "new.png")
    assert "The image blue/new.png was added." in made.strata("why").stdout
    assert re.search(r"made \d+ artifacts", made.make())


def test_a_failure_stops_its_method_only_when_asked_to_go_on(project):
    done = project.strata("make", "-k", "--set", "plain.scoring.fail=true")
    assert done.returncode == 1
    out = done.stderr
    assert out.count("failed: plain, ") == 1
    assert out.count("ValueError: asked to fail") == 1
    assert "The same in plain, " in out
    results_of = json.loads((project.root / "out" / "toy" / "results.json").read_text())
    errors = {m["name"]: m["error"] for m in results_of["methods"]}
    assert errors["squared"] is None
    assert "asked to fail" in errors["plain"]
    assert "Traceback" not in out


def test_a_run_in_which_nothing_could_be_made_leaves_the_report_of_an_earlier_one(made):
    page = made.root / "out" / "toy" / "report.html"
    before = page.read_bytes()
    out = made.make("--set", "plain.scoring.fail=true", code=1)
    assert "no method has new results" in out
    assert page.read_bytes() == before
    assert "Nothing to be done" in made.make()
    failing = ("--set", "plain.scoring.fail=true", "--set", "squared.means.shrink=0.5")
    out = made.make("-k", *failing, code=1)
    assert "stays" not in out
    assert "asked to fail" in page.read_text()


def test_a_process_that_is_killed_is_an_error_of_its_node(project):
    out = project.make("-k", "--set", "plain.scoring.die=true", code=1)
    assert "its process was killed" in out
    assert len(predictions_of(project)) == 1


def test_damaged_artifacts_are_noticed_and_made_again(made):
    before = predictions_of(made)
    store = Store(made.store)
    stages = {store.manifest(key)["stage"]: key for key in store.keys()}  # noqa: SIM118
    for key in stages.values():
        path = sorted(store.folder(key).glob("*.*"))[0]
        content = bytearray(path.read_bytes())
        content[-2] ^= 1
        path.write_bytes(content)
    assert set(stages) >= {"mean_color", "class_means", "distances", "predictions", "split"}
    assert "made 4 artifacts" in made.make()
    assert predictions_of(made) == before


def test_damage_found_only_on_reading_is_made_again(made):
    before = predictions_of(made)
    store = Store(made.store)
    by_stage = {store.manifest(k)["stage"]: k for k in store.keys()}  # noqa: SIM118
    rot(store.folder(by_stage["mean_color"]), "vectors.npy")
    for key in list(before):
        store.discard(key)
    for key in list(store.keys()):
        if store.manifest(key)["stage"] in ("class_means", "distances"):
            store.discard(key)
    assert "damaged in the store, made again" in made.make()
    assert predictions_of(made) == before


def test_jobs_do_not_change_results(made):
    before = predictions_of(made)
    shutil.rmtree(made.store)
    assert made.strata("make", "-j", "1").returncode == 0
    assert predictions_of(made) == before


def test_two_runs_at_once_end_with_the_same(project):
    runs = [project.start("make", "-j", "2", "--set", "plain.means.delay=0.3") for _ in range(2)]
    outs = [run.communicate(timeout=120) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], outs
    assert len(predictions_of(project)) == 2
    made = [int(re.search(r"made (\d+) artifacts", out)[1]) for out, _ in outs]
    assert sum(made) == len(keys_of_methods(Store(project.store)))


def test_clean_takes_a_method_s_own_and_gc_what_no_file_needs(made):
    everything = set(Store(made.store).keys())
    notes = made.root / "out" / "toy" / "notes.txt"
    notes.write_text("mine")
    assert "removed 12 artifacts" in made.strata("clean", "squared").stdout
    assert notes.read_text() == "mine"
    assert len(everything - set(Store(made.store).keys())) == 12
    assert "made 11 artifacts" in made.make()
    made.make("--set", "squared.means.shrink=0.5")
    made.make()
    assert "would remove 10 artifacts" in made.strata("gc", "-n").stdout
    assert "removed 10 artifacts" in made.strata("gc").stdout
    assert set(Store(made.store).keys()) == everything


def test_gc_keeps_what_a_report_rests_on_while_it_is_there(made):
    everything = set(Store(made.store).keys())
    made.make("--set", "squared.means.shrink=0.5", "--set", "name=shrunk")
    both = set(Store(made.store).keys())
    assert len(both - everything) == 10
    kept = made.strata("gc").stdout
    assert "removed 0 artifacts" in kept
    assert str(made.root / "out" / "shrunk" / "report.html") in kept
    shutil.rmtree(made.root / "out" / "shrunk")
    assert "removed 10 artifacts" in made.strata("gc").stdout
    assert set(Store(made.store).keys()) == everything


def test_a_report_of_nothing_does_not_replace_one_of_something(made):
    page = made.root / "out" / "toy" / "report.html"
    before = page.read_bytes()
    refused = made.strata("report", "--store", "empty")
    assert refused.returncode == 2
    assert "stays as it is" in refused.stderr
    assert page.read_bytes() == before
    elsewhere = made.strata("report", "--store", "empty", "--out", "other")
    assert elsewhere.returncode == 0, elsewhere.stderr
    assert (made.root / "other" / "toy" / "report.html").exists()


def test_gc_removes_nothing_where_it_cannot_know_what_is_needed(made):
    everything = set(Store(made.store).keys())
    text = made.file.read_text()
    plain = text.replace('recipes = "toy_recipes.py"\n', "").partition("[methods")[0]
    (made.root / "pyproject.toml").write_text("[project]\nname = 'other'\n")
    made.file.rename(made.root / "elsewhere.txt")
    nothing_beside = made.strata("gc")
    assert nothing_beside.returncode == 2
    assert "no experiment file" in nothing_beside.stderr
    made.file.write_text(text)
    (made.root / "typo.toml").write_text("[methods.plain\n")
    unreadable = made.strata("gc")
    assert unreadable.returncode == 2
    assert "typo.toml" in unreadable.stderr
    (made.root / "typo.toml").unlink()
    assert set(Store(made.store).keys()) == everything
    assert "removed 0 artifacts" in made.strata("gc").stdout
    (made.root / "inline.toml").write_text("methods.wrong.recipe = 'nobody'\n" + plain)
    unknown = made.strata("gc")
    assert unknown.returncode == 2
    assert "nobody" in unknown.stderr
    assert set(Store(made.store).keys()) == everything


def marked_by(made, name):
    """Recipes that leave a mark when they are imported, and whether they have."""
    mark = made.root / "imported"
    text = (made.root / "toy_recipes.py").read_text()
    (made.root / name).write_text(f"open({str(mark)!r}, 'w').close()\n{text}")
    return mark


def test_gc_does_not_run_the_recipes_of_files_that_it_finds(made):
    made.make("--set", "squared.means.shrink=0.5")
    everything = set(Store(made.store).keys())
    mark = marked_by(made, "toy_recipes.py")
    assert "strata.toml, as of its last run" in made.strata("gc", "-n").stdout
    assert not mark.exists()
    assert set(Store(made.store).keys()) == everything
    other = made.root / "other.toml"
    other.write_text(made.file.read_text())
    refused = made.strata("gc")
    assert refused.returncode == 2
    assert "other.toml has recipes of its own, which gc does not run" in refused.stderr
    assert not mark.exists()
    named = made.strata("gc", "-n", "-f", "strata.toml")
    assert named.returncode == 0, named.stderr
    assert mark.exists()


def test_recipes_that_no_method_uses_are_not_imported(made):
    mark = marked_by(made, "others.py")
    text = made.file.read_text().replace("toy_recipes.py", "others.py").partition("[methods")[0]
    made.file.write_text(text + "[methods.gist]\n")
    for command in (["status"], ["list"], ["clean", "-n"]):
        done = made.strata(*command)
        assert done.returncode == 0, done.stderr
    assert not mark.exists()
    made.file.write_text(text + '[methods.plain]\nrecipe = "colors"\n')
    assert "Nearest class mean of mean colors." in made.strata("list").stdout
    assert not mark.exists()
    made.strata("status")
    assert mark.exists()


class Planted:
    """A pickle that leaves a mark when it is opened."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return open, (str(self.mark), "w")


def test_pickles_in_a_store_of_somebody_else_are_not_opened(made):
    store, mark = Store(made.store), made.root / "opened"
    keys = {store.manifest(key)["stage"]: key for key in store.keys()}  # noqa: SIM118
    for stage in ("visualizations", "audit", "split", "predictions"):
        record = store.manifest(keys[stage])
        values = dict(store.read(keys[stage]))
        name = next(iter(values))
        store.replace(keys[stage], {**values, name: Planted(mark)}, record)
        assert list(store.folder(keys[stage]).glob("*.pickle"))
    (made.root / "out" / "toy" / "report.html").unlink()
    assert made.strata("status").returncode == 0
    told = made.strata("report")
    assert told.returncode == 1
    assert "is a pickle, and is not opened here" in told.stderr
    assert not mark.exists()


def test_an_exchange_of_two_predictions_is_noticed(made):
    before = predictions_of(made)
    store = Store(made.store)
    first, second = (store.folder(key) for key in before)
    first.rename(made.root / "aside")
    second.rename(first)
    (made.root / "aside").rename(second)
    assert "made 2 artifacts" in made.make()
    assert predictions_of(made) == before


def test_damage_to_any_file_of_ours_ends_no_command(made):
    files = ["format", "code.json", "rates.json"]
    files += [str(p.relative_to(made.store)) for p in made.store.glob("data/r*/*.json")]
    files += [
        str(next(iter(made.store.glob("artifacts/*/*/manifest.json"))).relative_to(made.store))
    ]
    assert len(files) == 6
    for content, commands in (
        (b"\xff\x00{", ["why", "status"]),
        (b'{"files": [], "made": 5, "title": []}', ["gc", "make"]),
    ):
        for name in files:
            (made.store / name).write_bytes(content)
        (made.root / "out" / "toy" / ".made-from").write_bytes(content)
        for command in commands:
            done = made.strata(command, "-f", "strata.toml")
            assert done.returncode == 0, done.stderr


def test_why_compares_each_method_with_the_run_that_made_it(made):
    other = made.root / "other"
    write_images(other, per_class=10)
    shutil.copy(other / "blue" / "008.png", made.root / "images" / "blue" / "first.png")
    made.make("plain")
    shutil.copy(other / "blue" / "009.png", made.root / "images" / "blue" / "second.png")
    assert made.strata("why", "plain").stdout.startswith("The image blue/second.png was added.\n")
    both = "2 images were added: blue/first.png, blue/second.png.\n"
    assert made.strata("why", "squared").stdout.startswith(both)
    told = made.strata("why").stdout
    assert "plain: The image blue/second.png was added." in told
    assert f"squared: {both}" in told


def test_a_moved_project_keeps_its_reports(made, tmp_path):
    text = made.file.read_text().replace('name = "toy"\n', "")
    made.file.write_text(text)
    made.make()
    page = made.root / "out" / "project" / "report.html"
    assert page.exists()
    everything = set(Store(made.store).keys())
    made.root.rename(tmp_path / "moved")
    moved = Project(tmp_path / "moved")
    moved.file.write_text(text.partition("[methods.squared]")[0])
    kept = moved.strata("gc", "-f", "strata.toml").stdout
    assert str(moved.root / "out" / "project" / "report.html") in kept
    assert set(Store(moved.store).keys()) == everything
    moved.file.write_text(text)
    assert str(moved.root / "out" / "project" / "report.html") in moved.make()
    assert not (moved.root / "out" / "moved").exists()


def test_bytes_are_told_before_they_are_written_and_removed(project, made):
    status = json.loads(project.strata("status", "--json").stdout)
    assert all(line["bytes"] > 0 for line in status)
    assert re.search(r"To be written: about .*B; free on the disk", project.strata("status").stdout)
    dry = made.strata("clean", "-n", "plain").stdout
    assert re.fullmatch(r"would remove 12 artifacts, [\d.]+ kB\n", dry)
    out = made.strata("gc", "--to-size", "1K").stdout
    assert "removed 0 artifacts" in out
    assert "stay, more than 1K: experiment files and reports need the rest." in out


def test_a_frugal_run_keeps_models_and_scores_only(project, made):
    recipes = project.root / "toy_recipes.py"
    text = recipes.read_text().replace("@shard_stage\n", '@shard_stage(role="vectors")\n')
    recipes.write_text(text)
    project.make("--frugal")
    kept, whole = (
        {store.manifest(key)["stage"] for key in store.keys()}  # noqa: SIM118
        for store in (Store(project.store), Store(made.store))
    )
    assert whole - kept == {"mean_color"}
    assert sorted(predictions_of(project).values()) == sorted(predictions_of(made).values())
    assert "Nothing to be done" in project.make()


def test_gc_removes_checkpoints_that_no_file_needs_and_all_that_is_half_written(made):
    checkpoints = made.store / "checkpoints"
    needed = next(iter(predictions_of(made)))
    for name in (needed, "0" * 40, f"{needed}.123.tmp"):
        (checkpoints / name).write_text("state")
    (made.store / "writing" / "somewhere-1-abc").mkdir()
    assert made.strata("gc").returncode == 0
    assert [path.name for path in checkpoints.iterdir()] == [needed]
    assert not list((made.store / "writing").iterdir())
    assert made.strata("clean").returncode == 0
    assert not list(checkpoints.iterdir())


def test_always_make_makes_everything(made):
    before = predictions_of(made)
    total = len(keys_of_methods(Store(made.store)))
    assert f"made {total} artifacts" in made.make("-B")
    assert predictions_of(made) == before


def test_predict_uses_what_was_learned(made):
    out = made.strata("predict", "plain", "images/blue/000.png", "images/gray", "--json")
    found = predictions_in(out)
    assert len(found) == 9
    assert found["images/blue/000.png"]["class"] == "blue"


def test_predict_leaves_hidden_files_of_a_folder_alone(made):
    gray = made.root / "images" / "gray"
    (gray / "._000.png").write_bytes(b"left by another system")
    (gray / ".thumbs").mkdir()
    shutil.copy(gray / "000.png", gray / ".thumbs" / "000.png")
    out = made.strata("predict", "plain", "images/gray", "--json")
    assert out.returncode == 0
    assert len(predictions_in(out)) == 8


def test_what_fails_alike_in_several_folds_is_said_once_and_where(project):
    out = project.strata("make", "plain", "-k", "--set", "plain.means.rate=2.0").stderr
    assert out.count("Training diverged.") == 1
    said = [line for line in out.splitlines() if line.startswith("strata: plain, ")]
    assert len(said) == 1
    also = re.search(r"The same in (.*)\.", out)[1].split(", plain")
    assert len(also) == 3  # two more folds and the final fit


def test_weights_that_are_not_there_are_refused_at_once(project):
    for command in (["make"], ["status"], ["gc", "-n"]):
        out = project.strata(*command, "--weights", "nowhere")
        assert out.returncode == 2
        assert "There is no file or folder of weights nowhere." in out.stderr


READS_A_FILE = """

import os
from pathlib import Path

from strata.pipeline.graph.inputs import File


@stage
def factors(file: File):
    return {"factor": 1.0}


@shard_stage
def scaled(images, factors):
    import numpy as np

    return {"vectors": np.stack([image.mean((0, 1)) for image in images])}


@recipe
def filed(data: Data, fold: Fold) -> Node:
    \"\"\"Reads a file.\"\"\"
    given = os.environ.get("TOY_FILE")
    file = File(Path(given), "content") if given else File(None, "somebody's")
    vectors = scaled(data.images, factors(file))
    return distances(vectors, class_means(vectors, fold.train), fold.test)
"""


def test_another_file_is_not_called_a_changed_one(project, monkeypatch):
    recipes = project.root / "toy_recipes.py"
    recipes.write_text(recipes.read_text() + READS_A_FILE)
    before, _, _ = project.file.read_text().partition("[methods")
    project.file.write_text(before + '[methods.filed]\nrecipe = "filed"\n')
    monkeypatch.setenv("TOY_FILE", str(project.root / "mine.pth"))
    project.make()
    monkeypatch.delenv("TOY_FILE")
    assert "factors: it now reads somebody's, mine.pth before." in project.strata("why").stdout


def test_unknown_names_are_answered_with_the_nearest(project):
    assert "Did you mean 'plain'?" in project.make("plan", code=2)
    assert "Did you mean 'shrink'?" in project.make("--set", "plain.means.shrnk=1", code=2)
    project.file.write_text(
        project.file.read_text().replace('recipe = "colors"', 'recipe = "color"')
    )
    assert "Did you mean 'colors'?" in project.make(code=2)


def test_broken_images_are_all_named_and_can_be_left_out(project):
    for name in ("blue/000.png", "gray/001.png"):
        path = project.root / "images" / name
        path.write_bytes(path.read_bytes()[:200])
    out = project.make(code=2)
    assert "2 images cannot be read" in out
    assert "blue/000.png" in out
    assert "gray/001.png" in out
    assert "--skip-broken" in out
    project.make("--skip-broken")
    store = Store(project.store)
    sizes = {len(store.read(key)["ids"]) for key in predictions_of(project)}
    assert sizes == {22}


def test_weights_may_be_named_on_the_command_line(project):
    with project.file.open("a") as file:
        file.write('\n[methods.seen]\nrecipe = "deep_features"\nbackbone = "squeezenet1_1"\n')
    given = project.root / "mine.pth"
    given.write_bytes(b"no weights")
    out = project.make("seen", "--weights", str(given), code=1)
    assert "mine.pth is not a file of weights" in out


def test_status_graph_and_list_read_only(project):
    status = json.loads(project.strata("status", "--json").stdout)
    assert [line["up_to_date"] for line in status] == [False, False]
    graph = project.strata("graph", "--dot").stdout
    assert graph.startswith("digraph")
    assert '"plain/class_means" -> "plain/distances"' in graph
    assert "colors" in project.strata("list").stdout
    assert "[methods.bovw.codebook]" in project.strata("list", "--recipes").stdout
    assert not list((project.store / "artifacts").glob("*/*/mean*"))
    project.make()
    status = json.loads(project.strata("status", "--json").stdout)
    assert [line["up_to_date"] for line in status] == [True, True]


def test_no_traceback_for_a_missing_folder(project):
    out = project.make("--set", "data.source=imges", code=2)
    assert "Traceback" not in out
    assert "imges" in out


def test_test_images_never_reach_cross_validation(made):
    store = Store(made.store)
    keys = [k for k in store.keys() if store.manifest(k)["stage"] == "predictions"]  # noqa: SIM118
    assert len(keys) == 2
    for predictions in map(store.read, keys):
        cv = {str(i) for i in predictions["ids"][predictions["fold"] >= 0]}
        test = {str(i) for i in predictions["ids"][predictions["fold"] < 0]}
        assert cv
        assert test
        assert not cv & test


def test_compare_says_what_changed_and_whether_it_matters(made):
    shutil.copytree(made.root / "out" / "toy", made.root / "before")
    made.make("--set", "squared.means.shrink=0.5")
    out = made.strata("compare", "before", "out/toy").stdout
    assert "squared: means.shrink was 0.0, is 0.5" in out
    assert "plain" in out
    assert "not significant" in out


def test_more_training_images_than_there_are_is_said(project):
    done = project.strata("make", "-n", "--set", "plain.train_per_class=50")
    assert done.returncode == 2
    assert "no class has more than 4 training images in every fold" in done.stderr


def test_a_learning_curve_learns_from_few_images_and_is_scored_on_all(project):
    text = project.file.read_text().replace(
        "color.power = 2", "vary = { train_per_class = [1, 3] }"
    )
    project.file.write_text(text)
    project.make()
    results = json.loads((project.root / "out" / "toy" / "results.json").read_text())
    by_name = {m["name"]: m for m in results["methods"]}
    assert set(by_name) == {"plain", "squared[train_per_class=1]", "squared[train_per_class=3]"}
    store = Store(project.store)
    scored = {
        len(store.read(key)["ids"])
        for key in store.keys()  # noqa: SIM118 (a generator)
        if (store.manifest(key) or {}).get("stage") == "predictions"
    }
    assert scored == {24}


def test_a_typo_is_said_before_images_are_read(project):
    shutil.rmtree(project.root / "images")
    assert "Did you mean 'color'" in project.make("--set", "plain.colr.power=2", code=2)
    assert "Did you mean 'plain'" in project.make("plane", code=2)
    assert "train_per_class" in project.make("--set", "plain.train_per_clas=2", code=2)
