"""Pretrained networks of methods: which there are, with which images, and what is kept of them."""

import sys

import pytest

from strata.pipeline.code.code_digest import code_digests
from strata.pipeline.experiment.compose import compose_one
from strata.pipeline.experiment.file import read_experiment
from strata.pipeline.experiment.resolve import resolve
from strata.pipeline.graph.topological_order import topological_order
from strata.pipeline.reporting.description import NoImages, placeholder_fold
from strata.pipeline.reporting.pretrained_networks import (
    derived_provenance,
    pretrained_networks,
    used_networks,
)
from strata.pipeline.store.store import Store

FILE = """\
[methods.bovw]
[methods.features]
recipe = "deep_features"
backbone = "resnet50"
[methods.inception]
[methods.fisher]
descriptor = { use = "deep_descriptors", backbone = "resnet18", node = "layer3", image_size = 448 }
[methods.fused]
recipe = "fusion"
of = ["features", "fisher", "bovw"]
[methods.transferred]
source = "scenes"
[methods.taught]
recipe = "distilled"
teacher = "features"
[methods.cnn]
recipe = "tinynet"
[methods.own]
recipe = "deep_features"
backbone = "method:cnn"
[methods.further]
recipe = "deep_features"
backbone = "method:transferred"
"""


@pytest.fixture
def scores(tmp_path, monkeypatch):
    monkeypatch.delenv("STRATA_WEIGHTS", raising=False)
    file = tmp_path / "strata.toml"
    file.write_text(FILE)
    methods = resolve(read_experiment(file))
    return lambda name: compose_one(name, methods, NoImages(3), placeholder_fold(3))


@pytest.mark.parametrize(
    ("method", "networks"),
    [
        ("bovw", []),
        ("features", [("resnet50", None)]),
        ("inception", [("inception_v3", None)]),
        ("fisher", [("resnet18", 448)]),
        ("fused", [("resnet50", None), ("resnet18", 448)]),
        ("taught", [("resnet50", None)]),  # what a teacher knows, its pupil may
    ],
)
def test_networks_of_a_method_with_their_image_size(scores, method, networks):
    found = used_networks(topological_order([scores(method)]))
    assert [(backbone, size) for backbone, _, _, size in found] == networks


def test_facts_are_found_with_classes_of_the_same_name(scores):
    (found,) = pretrained_networks(scores("fisher"), ["goldfish", "street"])
    assert (found.source, found.weights) == ("torchvision", "ResNet18_Weights.IMAGENET1K_V1")
    assert (found.image_size, found.own_image_size) == (448, 224)
    assert list(found.same_names["ImageNet-1k"]) == ["goldfish"]


def test_a_source_network_is_one_of_the_experiment(scores):
    (found,) = pretrained_networks(scores("transferred"), [])
    assert (found.source, found.image_size) == ("own", 64)


def test_a_network_of_another_method_is_pretrained_if_it_learned_from_other_images(scores):
    assert pretrained_networks(scores("own"), []) == []
    (found,) = pretrained_networks(scores("further"), [])
    assert (found.source, found.image_size) == ("own", 64)


@pytest.mark.parametrize(
    "symbol",
    ["training_data._BY_WORD", "provenance._NO_TERMS", "same_names._known_names"],
)
def test_a_correction_of_a_table_renews_the_facts_that_are_kept(symbol):
    reached = code_digests(*derived_provenance([], []).code)
    assert f"strata.models.transfer.zoos.{symbol}" in reached


def test_facts_are_kept_for_the_same_networks_and_classes(scores, tmp_path, monkeypatch):
    store = Store(tmp_path / "store").open()
    first = pretrained_networks(scores("features"), ["a"], store)
    monkeypatch.setitem(sys.modules, "strata.models.transfer.zoos.provenance", None)
    assert pretrained_networks(scores("features"), ["a"], store) == first
    with pytest.raises(ImportError):  # other classes: found anew
        pretrained_networks(scores("features"), ["b"], store)
