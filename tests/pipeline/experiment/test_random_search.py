"""Random search from end to end: inside of the folds, resumable, cached, reported."""

import json
import re
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from strata.errors import InputError, StrataError
from strata.pipeline.cli.tidy import clean
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.experiment.file import read_experiment
from strata.pipeline.experiment.random_search import with_values
from strata.pipeline.graph.inputs import Subset
from strata.pipeline.graph.topological_order import topological_order
from strata.pipeline.recipes.registry import known_recipes
from strata.pipeline.stages.search import apply_selection, select_trial
from strata.pipeline.store.store import Store
from tests.pipeline.project import FILE, Project, keys_of_methods, predictions_of

SEARCH = """
[methods.found]
recipe = "colors"

[methods.found.search]
trials = 3
folds = 2

[methods.found.search.space]
color.power = { log = [0.25, 4] }
"means.shrink" = { uniform = [0.0, 0.9] }
"""


def write(project: Project, text: str = SEARCH) -> Project:
    project.file.write_text(FILE.partition("[methods.plain]")[0] + text)
    return project


def at(project: Project, *given: str) -> Workspace:
    return Workspace.at(project.file, list(given), None, None, 1, False)


def stage_keys(project: Project, name: str) -> set[str]:
    store = Store(project.store)
    return {k for k in store.keys() if (store.manifest(k) or {}).get("stage") == name}  # noqa: SIM118


@pytest.fixture(scope="session")
def _searched_once(tmp_path_factory):
    from tests.pipeline.conftest import laid_out

    project = write(laid_out(tmp_path_factory.mktemp("searched") / "project"))
    project.make()
    return project


@pytest.fixture
def searched(tmp_path, _searched_once):
    shutil.copytree(_searched_once.root, tmp_path / "project")
    return Project(tmp_path / "project")


def test_trials_do_not_depend_on_the_held_out_images_of_the_fold(project):
    (target,) = at(write(project), "found.search.parts=2").targets
    assert [fold.name for fold, _ in target.folds] == ["fold 1", "fold 2", "fold 3", "final"]
    for fold, scores in target.folds:
        held_out, learned = set(fold.test.ids), set(fold.train.ids)
        choice = scores.inputs[0]
        assert choice.stage is select_trial
        behind = topological_order([choice])
        subsets = [i for n in behind for i in n.inputs if isinstance(i, Subset)]
        subsets += choice.inputs[1]
        assert len([n for n in behind if n.stage.name == "distances"]) == 3 * 2
        for subset in subsets:
            assert not held_out & set(subset.ids)
            assert set(subset.ids) <= learned
        # What a trial learns from and what it is scored on have nothing in common.
        for trial in choice.inputs[0]:
            for part, node in zip(choice.inputs[1], trial, strict=True):
                (train,) = (i for i in node.inputs[1].inputs if isinstance(i, Subset))
                assert not set(train.ids) & set(part.ids)
                assert {*train.ids, *part.ids} == learned
        if fold.number >= 0:
            final_test = set(target.folds[-1][0].test.ids)
            assert not final_test & {i for s in subsets for i in s.ids}


def subset(labels: list[int], *, known: bool) -> Subset:
    names = tuple(f"i{n}" for n in range(len(labels)))
    return Subset(names, names, tuple(labels) if known else None, ("a", "b"), 0)


def test_the_best_trial_is_selected_and_of_equal_ones_the_first():
    train, test = subset([0, 1, 1, 0], known=True), subset([0, 1, 1, 0], known=False)

    def scores(*classes: int) -> dict:
        return {"scores": np.eye(2)[list(classes)]}

    trials = [[scores(0, 0, 0, 0)], [scores(0, 1, 1, 1)], [scores(1, 1, 1, 0)]]
    made = select_trial.function(trials, [test], train)
    assert made["trial"] == 1
    assert made["accuracies"].tolist() == [0.5, 0.75, 0.75]


def test_if_every_trial_diverged_none_is_selected():
    train, test = subset([0, 1], known=True), subset([0, 1], known=False)
    with pytest.raises(StrataError, match="every trial diverged"):
        select_trial.function([[None], [None]], [test], train)


def test_a_selection_made_meanwhile_is_an_error():
    scores = {"scores": np.ones((1, 2))}
    assert set(apply_selection.function({"trial": 1}, scores, trial=1)) == {"scores"}
    with pytest.raises(StrataError, match="has selected trial 2, no longer 1"):
        apply_selection.function({"trial": 1}, scores, trial=0)


def test_each_fold_uses_the_trial_that_is_best_in_its_inner_folds(searched):
    workspace = at(searched)
    (target,) = workspace.targets
    assert target.pending_searches == ()
    store = workspace.store
    draws = target.method.search.drawn()
    for _, scores in target.folds:
        choice, found = scores.inputs
        made = store.read(choice.key)
        assert made["trial"] == int(np.argmax(made["accuracies"]))
        taken = draws[made["trial"]]
        assert found.inputs[1].parameters["shrink"] == taken["means.shrink"]
        assert found.inputs[0].nodes[0].parameters["power"] == taken["color.power"]


def test_a_second_make_does_nothing(searched):
    before = predictions_of(searched)
    assert "Nothing to be done" in searched.make()
    assert predictions_of(searched) == before


def test_a_dry_run_counts_the_stages_of_a_search(project):
    out = write(project).make("-n")
    for line in ("select_trial (4)", "apply_selection (4)", "distances (16)", "its first trial"):
        assert line in out


def test_more_trials_keep_those_there_are(searched):
    before = {
        name: stage_keys(searched, name) for name in ("mean_color", "distances", "select_trial")
    }
    out = searched.make("--set", "found.search.trials=5")
    after = {name: stage_keys(searched, name) for name in before}
    assert all(before[name] < after[name] for name in before)
    new = len(after["distances"] - before["distances"])
    assert 2 * 4 <= new <= 2 * 4 + 4  # two trials in four folds, and where one of them was selected
    assert "3 were up to date" not in out


def test_killed_and_made_again_it_ends_as_if_nothing_had_happened(project):
    slow = SEARCH.replace('"colors"', '"colors"\nmeans.delay = 0.1')
    write(project, slow).make()
    undisturbed = predictions_of(project)
    shutil.rmtree(project.store)
    run = project.start("make", "-j", "2")
    while len(stage_keys(project, "distances")) < 5:
        assert run.poll() is None
        time.sleep(0.02)
    run.kill()
    run.communicate()
    assert not stage_keys(project, "predictions")
    project.make()
    assert predictions_of(project) == undisturbed


def test_everything_made_again_ends_with_the_same(searched):
    before = predictions_of(searched)
    searched.make("-B")
    assert predictions_of(searched) == before


def test_clean_knows_what_belongs_to_a_search(searched):
    clean(at(searched), ["found"], dry_run=False)
    assert not keys_of_methods(Store(searched.store))
    (target,) = at(searched).targets
    assert len(target.pending_searches) == 4


def test_a_lost_selection_is_made_again(searched):
    store = Store(searched.store)
    choice = at(searched).targets[0].folds[0][1].inputs[0]
    store.discard(choice.key)
    workspace = at(searched)
    assert [node.key for node in workspace.targets[0].build_targets] == [choice.key]
    _, plan = workspace.plan([])
    assert choice.key in plan.needed


def test_a_trial_that_fails_stops_its_method_only(project):
    both = FILE.partition("[methods.squared]")[0] + SEARCH.replace(
        "color.power = { log = [0.25, 4] }", "scoring.fail = [true]"
    )
    project.file.write_text(both)
    out = project.make("-k", code=1)
    assert "asked to fail" in out
    results = json.loads((project.root / "out" / "toy" / "results.json").read_text())
    by_name = {m["name"]: m for m in results["methods"]}
    assert by_name["plain"]["cv"]
    assert "asked to fail" in by_name["found"]["error"]


RATES = SEARCH.replace('"means.shrink" = { uniform = [0.0, 0.9] }', '"means.rate" = [0.5, 2.0]')


def test_a_trial_that_diverges_counts_as_the_worst(project):
    out = write(project, RATES).make()
    assert re.search(r"left out: found.*: class_means: Training diverged\.", out)
    (target,) = at(project).targets
    rates = [trial["means.rate"] for trial in target.method.search.drawn()]
    assert set(rates) == {0.5, 2.0}
    for _, scores in target.folds:
        made = Store(project.store).read(scores.inputs[0].key)
        assert rates[made["trial"]] == 0.5
        right = np.array(made["accuracies"])
        assert (right[np.array(rates) == 2.0] == 0).all()
        assert (right[np.array(rates) == 0.5] > 0).all()
    assert not at(project).plan([])[1].needed


def test_divergence_outside_of_a_trial_is_a_failure(project):
    text = RATES + '\n[methods.plain]\nrecipe = "colors"\nmeans.rate = 2.0\n'
    out = write(project, text).make("-k", code=1)
    results = json.loads((project.root / "out" / "toy" / "results.json").read_text())
    errors = {m["name"]: m["error"] for m in results["methods"]}
    assert "Training diverged" in errors["plain"]
    assert errors["found"] is None, out


def test_searched_methods_can_be_combined_and_searched_again(project):
    text = (
        SEARCH
        + """
[methods.plain]
recipe = "colors"

[methods.both]
recipe = "fusion"
of = ["found", "plain"]
combination.use = "average_scores"

[methods.both.search]
trials = 2
folds = 2
space."combination.of" = ["log_probabilities", "probabilities"]
"""
    )
    toy = (project.root / "toy_recipes.py").read_text()
    (project.root / "toy_recipes.py").write_text(
        toy.replace(
            'return {"scores": -np.linalg.norm(x[:, None] - fitted["means"][None], axis=2)}',
            's = np.exp(-np.linalg.norm(x[:, None] - fitted["means"][None], axis=2))\n'
            '    return {"scores": s, "probabilities": s / s.sum(axis=1, keepdims=True)}',
        )
    )
    write(project, text).make()
    assert "Nothing to be done" in project.make()
    # Four folds, and of each the one inner fold that the outer search is judged on.
    assert len(stage_keys(project, "select_trial")) == 4 + 4 + 4


def test_new_images_are_classified_with_the_selected_trial(searched):
    done = searched.strata("predict", "found", "images/blue/000.png")
    assert done.returncode == 0, done.stderr
    assert "blue" in done.stdout


def test_the_report_shows_the_search(searched):
    out = searched.root / "out" / "toy"
    page = (out / "report.html").read_text()
    assert "Random search <small>3 trials" in page
    (method,) = json.loads((out / "results.json").read_text())["methods"]
    search = method["search"]
    assert search["folds"] == ["fold 1", "fold 2", "fold 3", "final"]
    assert search["space"][0]["name"] == "color.power"
    assert search["importance"] is None  # three trials are too few
    draws = at(searched).targets[0].method.search.drawn()
    assert [trial["parameters"] for trial in search["trials"]] == draws
    for fold, taken in enumerate(search["picked"]):
        column = [trial["accuracies"][fold] for trial in search["trials"]]
        assert taken == column.index(max(column))
    assert method["parameters"]["color"]["power"] == "searched"
    rows = [row["name"] for row in method["stages"]]
    assert rows.count("select_trial") == 1
    assert method["cost"]["predict_ms"] > 0


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ('"means.shrnk" = [1.0]', "There is no key methods.found.means.shrnk"),
        ('"mens.shrink" = [1.0]', "methods.found.mens is not a parameter of the recipe"),
        ('"means.shrink" = ["much"]', "methods.found.means.shrink = 'much'"),
        ('"scoring.fail" = { int = [0, 2] }', "methods.found.scoring.fail = 2"),
    ],
)
def test_wrong_spaces_are_refused_before_anything_runs(project, entry, said):
    write(project, SEARCH.partition("color.power")[0] + entry)
    with pytest.raises(InputError) as error:
        _ = at(project).targets
    assert "methods.found.search can draw a value that is not allowed" in error.value.what
    assert said in error.value.what


def test_variants_are_searched_each(project):
    text = SEARCH.replace('"colors"', '"colors"\nvary = { "scoring.fail" = [false, true] }')
    targets = at(write(project, text)).targets
    assert [t.name for t in targets] == ["found[fail=false]", "found[fail=true]"]
    assert all(t.method.search and t.pending_searches for t in targets)


def test_early_fusion_refuses_searched_methods(project):
    text = SEARCH + '\n[methods.beside]\nrecipe = "early_fusion"\nof = ["found", "found"]\n'
    with pytest.raises(InputError, match="'found' has a search"):
        _ = at(write(project, text)).targets


def test_the_papers_search_draws_allowed_values():
    path = Path(__file__).parents[3] / "experiments" / "paper" / "search.toml"
    methods = read_experiment(path).methods
    assert [method.name for method in methods] == ["inception", "squeezenet", "cnn", "words"]
    for method in methods:
        recipe = known_recipes()[method.recipe]
        for drawn in [*method.search.drawn(), *method.search.extremes()]:
            recipe.checked(with_values(method.settings, drawn), method.name)
