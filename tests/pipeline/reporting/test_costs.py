"""Costs, on graphs whose artifacts say how long they took."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from strata.pipeline.graph.inputs import Fold, ImageShard, Subset
from strata.pipeline.graph.prediction_path import prediction_path
from strata.pipeline.graph.stage import Node, Sharded, Stage
from strata.pipeline.reporting.costs import Records, cost, repeat_seconds, stage_rows
from strata.pipeline.store.store import Store

SHARDS = [ImageShard("0", ("a", "b", "c", "d"), ()), ImageShard("1", ("e", "f"), ())]


def subset(digests: str, *, labeled: bool) -> Subset:
    labels = (0,) * len(digests) if labeled else None
    return Subset(tuple(digests), tuple(digests), labels, ("x", "y"), 0)


FOLD = Fold("final", -1, -1, subset("abcd", labeled=True), subset("ef", labeled=False))


class Graph:
    """Composes nodes of made-up stages and records what they took."""

    def __init__(self, root: Path) -> None:
        self.store = Store(root).open()
        self.count = 0

    def node(
        self, name, *inputs, seconds=0.0, shard=None, parameters=None, recorded=None, **values
    ) -> Node:
        def function():
            raise AssertionError("never run")

        function.__name__ = name
        self.count += 1
        key = f"{self.count:040x}"
        record = {"seconds": seconds, "made": f"2026-01-0{1 + self.count % 9}T00:00:00+00:00",
                  "peak_memory": self.count, "versions": {"python": "2.7"}}  # fmt: skip
        record |= recorded or {}
        self.store.write(key, values, record)
        return Node(Stage(function), parameters or {}, inputs, key, "", shard)

    def shards(self, name, *inputs, seconds, **options) -> Sharded:
        """A node a shard; `seconds` for each image."""
        nodes = [
            self.node(
                name,
                *(i.nodes[n] if isinstance(i, Sharded) else i for i in inputs),
                seconds=seconds * len(shard),
                shard=shard,
                **options,
            )
            for n, shard in enumerate(SHARDS)
        ]
        return Sharded(nodes[0].stage, tuple(nodes))

    def branch(self, step: int, describe: float, encode: float) -> Node:
        """A bag of words: 3 seconds and 10 numbers for the codebook, 2 and 5 for the classifier."""
        local = self.shards("describe", seconds=describe, parameters={"step": step})
        words = self.node("codebook", local, FOLD.train, seconds=3.0, parameters={"step": step})
        vectors = self.shards("encode", local, words, seconds=encode)
        classifier = self.node("svm", vectors, FOLD.train, seconds=2.0)
        return self.node("svm_scores", vectors, classifier, FOLD.test, seconds=0.2)

    def cost_of(self, scores: Node):
        return cost(target_of(scores), Records(self.store))


def target_of(scores: Node):
    return SimpleNamespace(folds=((FOLD, scores),))


@pytest.fixture
def graph(tmp_path):
    return Graph(tmp_path / "store")


def test_fitting_counts_stages_and_the_training_images_share_of_descriptions(graph):
    found = graph.cost_of(graph.branch(6, describe=0.5, encode=0.25))
    assert found.fit_seconds == pytest.approx(3 + 2 + 4 * (0.5 + 0.25))


def test_predicting_counts_every_stage_from_file_to_scores(graph):
    found = graph.cost_of(graph.branch(6, describe=0.5, encode=0.25))
    assert found.predict_ms == pytest.approx(1000 * (0.5 + 0.25 + 0.2 / 2))


def test_two_branches_of_the_same_stages_add_up(graph):
    branches = [graph.branch(6, 0.5, 0.25), graph.branch(8, 0.1, 0.05)]
    alone = [graph.cost_of(branch) for branch in branches]
    fused = graph.cost_of(graph.node("average", branches, seconds=0.4))
    assert fused.fit_seconds == pytest.approx(sum(c.fit_seconds for c in alone))
    assert fused.predict_ms == pytest.approx(sum(c.predict_ms for c in alone) + 1000 * 0.4 / 2)


def test_a_branch_that_is_used_twice_counts_once(graph):
    branch = graph.branch(6, 0.5, 0.25)
    twice = graph.cost_of(graph.node("average", [branch, branch], seconds=0.0))
    assert twice.predict_ms == pytest.approx(graph.cost_of(branch).predict_ms)
    assert twice.fit_seconds == pytest.approx(graph.cost_of(branch).fit_seconds)


def test_models_of_inner_folds_cost_fitting_but_belong_to_no_model(graph):
    local = graph.shards("describe", seconds=0.5)
    inner = graph.node("svm", local, subset("ab", labeled=True), seconds=7.0)
    unseen = graph.node("svm_scores", local, inner, subset("cd", labeled=False), seconds=0.3)
    outer = graph.node("svm", local, FOLD.train, seconds=2.0)
    scores = graph.node("svm_scores", local, outer, FOLD.test, seconds=0.2)
    weights = graph.node("fit_stack", [unseen], FOLD.train, seconds=1.0)
    stacked = graph.node("stacked", [scores], weights, seconds=0.0)
    found = graph.cost_of(stacked)
    assert found.fit_seconds == pytest.approx(7 + 0.3 + 2 + 1 + 4 * 0.5)
    assert found.predict_ms == pytest.approx(1000 * (0.5 + 0.1))
    _, fitted = prediction_path(stacked)
    assert {node.key for node in fitted} == {outer.key, weights.key}


def test_pretrained_weights_belong_to_the_model_and_cost_no_time_per_image(graph):
    weights = graph.node("pretrained", seconds=9.0, content=b"x" * 1000)
    vectors = graph.shards("look", weights, seconds=0.5)
    classifier = graph.node("svm", vectors, FOLD.train, seconds=2.0)
    found = graph.cost_of(graph.node("svm_scores", vectors, classifier, FOLD.test, seconds=0.2))
    assert found.predict_ms == pytest.approx(1000 * (0.5 + 0.1))
    assert found.fit_seconds == pytest.approx(9 + 2 + 4 * 0.5)
    assert found.bytes >= 1000


def test_numbers_of_fitted_stages_add_up_and_unknown_ones_stay_unknown(graph):
    local = graph.shards("describe", seconds=0.0)
    words = graph.node("codebook", local, FOLD.train, parameters=None)
    graph.store.discard(words.key)
    graph.store.write(words.key, {"parameters": 10}, {})
    vectors = graph.shards("encode", local, words, seconds=0.0)
    classifier = graph.node("svm", vectors, FOLD.train)
    graph.store.discard(classifier.key)
    graph.store.write(classifier.key, {"parameters": 5}, {})
    found = graph.cost_of(graph.node("svm_scores", vectors, classifier, FOLD.test))
    assert found.parameters == 15
    assert found.multiply_adds is None


def test_stage_rows_are_by_parameters_with_time_and_versions(graph):
    fused = graph.node("average", [graph.branch(6, 0.5, 0.25), graph.branch(8, 0.1, 0.05)])
    rows = stage_rows(target_of(fused), Records(graph.store), {fused.key})
    described = [row for row in rows if row.name == "describe"]
    assert [row.parameters for row in described] == [{"step": 6}, {"step": 8}]
    assert [row.seconds for row in described] == pytest.approx([3.0, 0.6])
    assert [row.made for row in rows] == ["kept"] * (len(rows) - 1) + ["now"]
    assert all(row.when.startswith("202") for row in rows)
    assert rows[0].versions == {"python": "2.7"}


def test_a_frozen_network_counts_once_for_each_branch(tmp_path):
    graph = Graph(tmp_path)
    weights = graph.node("pretrained")
    features = graph.shards("features", weights, seconds=0.1, parameters=None, multiply_adds=700)
    fitted = graph.node("fit", features, FOLD.train, parameters={}, multiply_adds=5)
    scores = graph.node("scores", features, fitted, FOLD.test)
    target = SimpleNamespace(folds=((FOLD, scores),))
    assert cost(target, Records(graph.store)).multiply_adds == 705


def test_processor_time_counts_not_other_processes(graph):
    recorded = {"cpu_seconds": 1.0}
    local = graph.shards("describe", seconds=0.5, recorded=recorded)
    classifier = graph.node("svm", local, FOLD.train, seconds=9.0, recorded={"cpu_seconds": 3.0})
    found = graph.cost_of(graph.node("svm_scores", local, classifier, FOLD.test))
    assert found.fit_seconds == pytest.approx(3.0 + 1.0)
    assert found.predict_ms == pytest.approx(1000 * (1 / 4 + 1 / 2) / 2)


def test_what_an_accelerator_did_counts_in_wall_time(graph):
    recorded = {"cpu_seconds": 0.1, "accelerator": True}
    local = graph.shards("describe", seconds=0.5, recorded=recorded)
    scores = graph.node("scores", local, FOLD.test)
    assert graph.cost_of(scores).predict_ms == pytest.approx(500)


def in_folds(graph: Graph, *recorded):
    """The same scoring in one fold after another, each on two test images."""
    local = graph.shards("describe", seconds=0.0)
    parts = []
    for record in recorded:
        classifier = graph.node("svm", local, FOLD.train)
        scores = graph.node("svm_scores", local, classifier, FOLD.test, recorded=record)
        parts.append((FOLD, scores))
    return cost(SimpleNamespace(folds=tuple(parts)), Records(graph.store)).predict_ms


def test_the_first_run_of_a_process_is_left_out_of_the_time_per_image(graph):
    cold = {"cpu_seconds": 8.0, "warm": False}
    warm = [{"cpu_seconds": s, "warm": True} for s in (0.2, 0.1, 0.6)]
    assert in_folds(graph, *warm, cold) == pytest.approx(1000 * 0.2 / 2)
    assert in_folds(graph, cold, {"cpu_seconds": 4.0, "warm": False}) == pytest.approx(2000)


def test_branches_that_differ_only_far_up_still_add_up(graph):
    branches = [graph.shards("describe", seconds=0.1, parameters={"step": s}) for s in (6, 8)]
    scaled = [graph.shards("scale", branch, seconds=0.2) for branch in branches]
    found = graph.cost_of(graph.node("scores", *scaled, FOLD.test))
    assert found.predict_ms == pytest.approx(600)


def test_another_repeat_costs_what_the_folds_do_not_share(graph):
    """Two methods share the descriptors of all folds and, in each fold, a codebook of 3 seconds."""
    local = graph.shards("describe", seconds=9.0)
    folds = [Fold(f"fold {i}", i // 2, i % 2, FOLD.train, FOLD.test) for i in range(4)]
    words = [graph.node("codebook", local, fold.train, seconds=3.0) for fold in folds]
    methods = [
        [graph.node("svm", local, word, seconds=seconds) for word in words]
        for seconds in (2.0, 5.0)
    ]
    final = (FOLD, graph.node("svm", local, seconds=100.0))
    targets = [SimpleNamespace(folds=(*zip(folds, nodes, strict=True), final)) for nodes in methods]
    assert repeat_seconds(targets, Records(graph.store)) == 4 * (3.0 + 2.0 + 5.0) / 2
    assert repeat_seconds([target_of(final[1])], Records(graph.store)) is None
