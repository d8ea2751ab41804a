"""Learned parts that the report shows: images without labels, weights of branches and nodes."""

from types import SimpleNamespace

import pytest

from strata.pipeline.experiment.compose import compose_one
from strata.pipeline.experiment.file import read_experiment
from strata.pipeline.experiment.resolve import resolve
from strata.pipeline.graph.topological_order import topological_order
from strata.pipeline.reporting.description import NoImages, placeholder_fold
from strata.pipeline.reporting.learned_parts import branch_names, learned_parts, unlabeled_images
from strata.pipeline.stages.joins import kernel_weights, node_weights

FILE = """\
[methods.color]
recipe = "fisher_color"
[methods.one]
recipe = "bovw"
[methods.two]
recipe = "gist"
[methods.both]
recipe = "early_fusion"
of = ["one", "two"]
join.weights = "cv"
[methods.others]
recipe = "tinynet"
unlabeled = "extra"
network.pretrain_epochs = 1
[methods.alone]
recipe = "tinynet"
network.pretrain_epochs = 1
[methods.deep]
recipe = "deep_features"
backbone = "resnet18"
features.nodes = ["layer3", "layer4"]
node_weights = "cv"
[methods.deeper]
recipe = "deep_features"
backbone = "resnet34"
features.nodes = ["layer3", "layer4"]
node_weights = "cv"
[methods.weighted]
recipe = "early_fusion"
of = ["deep", "one"]
join.weights = "cv"
[methods.equal]
recipe = "early_fusion"
of = ["deep", "deeper"]
"""


@pytest.fixture
def compose(tmp_path):
    file = tmp_path / "strata.toml"
    file.write_text(FILE)
    methods = resolve(read_experiment(file))
    return lambda name: compose_one(name, methods, NoImages(3), placeholder_fold(3))


def weights_of(scores):
    (node,) = [n for n in topological_order([scores]) if n.stage is kernel_weights]
    return node


def test_branches_have_the_names_of_methods_or_of_their_descriptors(compose):
    assert branch_names(weights_of(compose("both")), ["one", "two"], 2) == ["one", "two"]
    color = weights_of(compose("color"))
    assert branch_names(color, (), 2) == ["dense_sift", "color_statistics"]
    assert branch_names(color, (), 3) == ["branch 1", "branch 2", "branch 3"]


def test_images_without_labels_are_counted(compose):
    assert unlabeled_images(compose("others")) == 4  # those of `NoImages`
    assert unlabeled_images(compose("alone")) == 0


@pytest.mark.parametrize(
    ("method", "of", "branches", "nodes"),
    [
        ("deep", (), {}, {"layer3": [0.9], "layer4": [0.1]}),
        ("weighted", ("deep", "one"), {"deep": [0.7], "one": [0.3]}, {}),  # its own, no member's
        ("equal", ("deep", "deeper"), {}, {}),  # those of its members, each its own
    ],
)
def test_weights_of_branches_and_of_nodes_are_apart(compose, method, of, branches, nodes):
    scores = compose(method)
    artifacts = {
        node.key: {"weights": [0.9, 0.1], "blocks": ["layer3", "layer4"]}
        if node.stage is node_weights
        else {"weights": [0.7, 0.3]}
        for node in topological_order([scores])
        if node.stage in (kernel_weights, node_weights)
    }
    target = SimpleNamespace(folds=[(SimpleNamespace(number=0), scores)], parameters={"of": of})
    records = SimpleNamespace(
        of=lambda node: node.key in artifacts, store=SimpleNamespace(read=artifacts.get)
    )
    found = learned_parts(target, [], records)
    assert (found["branch_weights"], found["node_weights"]) == (branches, nodes)
