"""Held-out images that trainings watch: in cross-validation, and nowhere else."""

from concurrent.futures import Future

import numpy as np
import pytest

from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.execution import executor
from strata.pipeline.execution.executor import Run
from strata.pipeline.execution.plan import Plan
from strata.pipeline.graph.topological_order import topological_order
from tests.pipeline.project import write_images

NETWORK = '{ architecture = { name = "mlp", hidden = [4] }, epochs = 2'
FILE = f"""\
[data]
source = "images"
near_duplicates = false

[protocol]
folds = 2
test = 0.25

[methods.mlp]
images.size = 4
network = {NETWORK} }}

[methods.deep_svm]
images.size = 4
network = {NETWORK} }}

[methods.alone]
recipe = "mlp"
images.size = 4
network = {NETWORK}, watch = "none" }}

[methods.patient]
recipe = "mlp"
images.size = 4
network = {NETWORK}, patience = 2, validation_fraction = 0.3 }}

[methods.stack]
recipe = "fusion"
of = ["mlp", "alone"]
combination.inner_folds = 2
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("watching")
    write_images(folder / "images")
    (folder / "strata.toml").write_text(FILE)
    return Workspace.at(folder / "strata.toml", [], None, None, 1, False)


def folds(workspace, name):
    """Each fold of a method with the nodes of its trainings."""
    target = next(t for t in workspace.targets if t.name == name)
    for fold, scores in target.folds:
        nodes = topological_order([scores])
        yield fold, [node for node in nodes if node.stage.name == "train_network"]


def test_the_folds_of_cross_validation_are_watched_and_the_final_one_is_not(workspace):
    for fold, (training,) in folds(workspace, "mlp"):
        heldout = training.inputs[2]
        if fold.name == "final":
            assert heldout == []
            continue
        assert [subset.ids for subset in heldout] == [fold.test.ids]
        assert not set(heldout[0].digests) & set(fold.train.digests)
        assert all(i.split("/")[0] == fold.test.classes[n] for i, n in labels(heldout[0]))


def labels(subset):
    return zip(subset.ids, subset.labels, strict=True)


@pytest.mark.parametrize("name", ["alone", "patient"])
def test_without_watching_no_training_depends_on_held_out_images(workspace, name):
    for _, (training,) in folds(workspace, name):
        assert training.inputs[2] == []


def test_inner_folds_are_not_watched(workspace):
    for _, trainings in folds(workspace, "stack"):
        watched = [t for t in trainings if "inner" in t.context and t.inputs[2]]
        assert len(trainings) == 6
        assert watched == []


def test_methods_that_watch_still_train_one_network_together(workspace):
    for (_, (one,)), (_, (other,)) in zip(
        folds(workspace, "mlp"), folds(workspace, "deep_svm"), strict=True
    ):
        assert one.key == other.key


def test_a_network_is_the_same_whether_it_is_watched_or_not(workspace, monkeypatch):
    monkeypatch.setattr(executor, "submit", at_once)
    monkeypatch.setattr("strata.pipeline.execution.worker.allow_threads", lambda count: None)
    pairs = [*zip(folds(workspace, "mlp"), folds(workspace, "alone"), strict=True)][1:]
    nodes = [node for pair in pairs for _, (node,) in pair]
    store = workspace.store
    Run(Plan.of(nodes, store), store, SilentObserver(), jobs=1).execute(keep_going=False)
    for (fold, (mlp,)), (_, (alone,)) in pairs:
        watching, plain = store.read_fitted(mlp.key), store.read_fitted(alone.key)
        assert watching["watched"] == ("" if fold.name == "final" else "heldout")
        assert plain["watched"] == ""
        weights = plain["classifier"].weights_
        for name, values in watching["classifier"].weights_.items():
            np.testing.assert_array_equal(weights[name], values)
        assert ("validation_accuracy" in watching["history"][-1]) == (fold.name != "final")
        assert "validation_accuracy" not in plain["history"][-1]


class SilentObserver:
    def __getattr__(self, name):
        return lambda *about: None


def at_once(jobs, function, task):
    future = Future()
    future.set_result(function(task))
    return future
