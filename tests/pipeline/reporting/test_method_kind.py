"""Kinds of methods, told by the stages that images pass through."""

from types import SimpleNamespace

import pytest

from strata.pipeline.graph.inputs import ImageShard, Subset
from strata.pipeline.graph.stage import Node, Stage
from strata.pipeline.reporting.method_kind import method_kind
from strata.pipeline.stages.classifiers import svm
from strata.pipeline.stages.descriptors import dense_sift
from strata.pipeline.stages.encodings import bag_of_words, encode, visual_words
from strata.pipeline.stages.fusion import average_scores
from strata.pipeline.stages.networks import (
    network_scores,
    patch_descriptors,
    resize,
    train_network,
)

IMAGES = ImageShard("", ("a",), ())
TRAIN = Subset(("a",), ("a",), (0,), ("x",), 0)


def node(stage: Stage, *inputs) -> Node:
    key = f"{stage.name} of {[i.key for i in inputs]}"
    return Node(stage, {}, inputs, key, "", IMAGES)


def kind(scores: Node) -> str:
    return method_kind(SimpleNamespace(folds=((None, scores),)))


@pytest.fixture
def words() -> Node:
    vectors = node(encode, node(dense_sift, IMAGES))
    return node(average_scores, vectors, node(svm, vectors, TRAIN))


@pytest.fixture
def network() -> Node:
    pixels = node(resize, IMAGES)
    return node(network_scores, pixels, node(train_network, pixels, TRAIN))


def test_descriptors_are_classical(words):
    assert kind(words) == "classical"


def test_networks_on_pixels_are_deep(network):
    assert kind(network) == "deep"


def test_both_ways_are_fused(words, network):
    assert kind(node(average_scores, words, network)) == "fused"


def test_networks_on_descriptors_are_fused():
    vectors = node(encode, node(dense_sift, IMAGES))
    assert kind(node(network_scores, vectors, node(train_network, vectors, TRAIN))) == "fused"


def test_words_of_patches_that_a_network_describes_are_deep():
    pixels = node(resize, IMAGES)
    local = node(patch_descriptors, pixels, node(train_network, pixels, TRAIN))
    vectors = node(bag_of_words, local, node(visual_words, local, TRAIN))
    assert kind(node(average_scores, vectors, node(svm, vectors, TRAIN))) == "deep"
