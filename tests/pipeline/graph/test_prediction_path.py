"""Prediction steps and fitted models among the ancestors of scores."""

from strata.pipeline.graph.inputs import ImageShard, Subset
from strata.pipeline.graph.prediction_path import prediction_path
from strata.pipeline.graph.stage import Node, Stage

SHARD = ImageShard("", ("a",), ())
TRAIN = Subset(("a",), ("a",), (0,), ("x", "y"), 0)
TEST = Subset(("b",), ("b",), None, ("x", "y"), 0)


def node(name: str, *inputs, shard=None) -> Node:
    def function():
        raise AssertionError("never run")

    function.__name__ = name
    return Node(Stage(function), {}, inputs, name, "", shard)


def keys(nodes: list[Node]) -> list[str]:
    return [n.key for n in nodes]


def test_images_pass_through_descriptors_and_scores_by_way_of_fitted_models():
    local = node("describe", SHARD, shard=SHARD)
    codebook = node("codebook", local, TRAIN)
    vectors = node("encode", local, codebook, shard=SHARD)
    classifier = node("svm", vectors, TRAIN)
    path, models = prediction_path(node("scores", vectors, classifier, TEST))
    assert keys(path) == ["describe", "encode", "scores"]
    assert keys(models) == ["codebook", "svm"]


def test_pretrained_weights_are_a_model():
    weights = node("weights")
    features = node("features", SHARD, weights, shard=SHARD)
    path, models = prediction_path(node("scores", features, node("svm", features, TRAIN), TEST))
    assert keys(path) == ["features", "scores"]
    assert set(keys(models)) == {"weights", "svm"}


def test_ancestors_of_models_are_in_neither_list():
    local = node("describe", SHARD, shard=SHARD)
    inner = node("inner scores", local, node("inner svm", local, TRAIN), TEST)
    stack = node("stack", inner, TRAIN)
    scores = node("scores", local, node("svm", local, TRAIN), TEST)
    path, models = prediction_path(node("stacked", scores, stack))
    assert keys(path) == ["describe", "scores", "stacked"]
    assert set(keys(models)) == {"svm", "stack"}
