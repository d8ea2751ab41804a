"""Wrong names of torchvision's networks and nodes are told before anything is made."""

import sys
from pathlib import Path

import pytest

from strata.errors import InputError
from strata.pipeline.execution.plan import Plan
from strata.pipeline.experiment.compose import Target
from strata.pipeline.experiment.methods import Method
from strata.pipeline.graph.inputs import File, ImageShard, Subset
from strata.pipeline.graph.topological_order import topological_order
from strata.pipeline.stages.deep_descriptors import feature_map_descriptors
from strata.pipeline.stages.fine_tuning import boundary_activations, fine_tune, split_backbone
from strata.pipeline.stages.networks import hidden_features, resize, train_network
from strata.pipeline.stages.pretrained import backbone_features, pretrained
from strata.pipeline.workspace.check_backbones import check_backbones
from tests.pipeline.project import Project, write_images

SHARDS = [ImageShard("", ("00",), ())]
TRAIN = Subset(("00", "01"), ("00", "01"), (0, 1), ("x", "y"), 0)


def target(node, parameters):
    method = Method("m[x=1]", "any", {}, variant_of="m")
    return Target(method, None, parameters, (), node)


def checked(node, parameters, needed=None):
    nodes = {n.key: n for n in topological_order([node])}
    plan = Plan(nodes, {}, list(nodes) if needed is None else needed)
    check_backbones([target(node, parameters)], plan)


def network(backbone="squeezenet1_1"):
    return pretrained(File(None, "torchvision"), backbone=backbone)


def cut(place, *beside):
    return split_backbone(
        network(), freeze_until="features.10", output_node=place, head_inputs=beside
    )


def vectors(*places):
    return backbone_features(SHARDS, network(), nodes=places).nodes[0]


def local(place):
    return feature_map_descriptors(SHARDS, network(), node=place).nodes[0]


def layer(place):
    pixels = resize(SHARDS, size=16)
    fitted = train_network(pixels, TRAIN, architecture={"name": "tinynet", "widths": [4, 8]})
    return hidden_features(pixels, fitted, layer=place).nodes[0]


def tuned(backbone, boundary, rank=8):
    weights = network(backbone)
    parts = split_backbone(weights, freeze_until=boundary)
    views = boundary_activations(SHARDS, weights, parts)
    return fine_tune(views, weights, parts, TRAIN, lora_rank=rank)


@pytest.mark.parametrize(
    ("node", "parameters", "says"),
    [
        (
            network("squeezenet1_l"),
            {"weights": "", "backbone": "squeezenet1_l"},
            r"methods\.m\.backbone = 'squeezenet1_l'.*Did you mean 'squeezenet1_[01]'",
        ),
        (
            cut("featurs.12"),
            {"nodes": {"freeze_until": "features.10", "output_node": "featurs.12"}},
            r"methods\.m\.nodes\.output_node = 'featurs\.12'.*Did you mean 'features\.12'",
        ),
        (
            cut("features.12", "features.10", "feature.11"),
            {
                "nodes": {
                    "freeze_until": "features.10",
                    "head_inputs": ["features.10", "feature.11"],
                }
            },
            r"methods\.m\.nodes\.head_inputs = 'feature\.11'.*Did you mean 'features\.11'",
        ),
        (
            cut("features.12", ""),
            {"nodes": {"freeze_until": "features.10", "head_inputs": [""]}},
            r"methods\.m\.nodes\.head_inputs = '': squeezenet1_1 has no such node",
        ),
        (
            vectors("features.3", "features.99"),
            {"features": {"nodes": ["features.3", "features.99"]}},
            r"methods\.m\.features\.nodes = 'features\.99'.*Did you mean 'features",
        ),
        (
            local("feature.7"),
            {"descriptor": {"use": "deep_descriptors", "node": "feature.7"}},
            r"methods\.m\.descriptor\.node = 'feature\.7'.*Did you mean 'features\.7'",
        ),
        (
            layer("blok2"),
            {"features": {"nodes": ["block1", "blok2"]}},
            r"methods\.m\.features\.nodes = 'blok2'.*Did you mean 'block2'",
        ),
        (
            layer("hidden1"),
            {"features": {"layer": "hidden1"}},
            r"methods\.m\.features\.layer = 'hidden1': the network has no such layer",
        ),
        (
            tuned("squeezenet1_1", "features.10"),
            {"training": {"lora_rank": 8}},
            r"methods\.m\.training\.lora_rank = 8: The trained part has no linear layer",
        ),
        (
            tuned("vit_b_16", ""),
            {"training": {"lora_rank": 8}},
            r"methods\.m\.training\.lora_rank = 8: .*an earlier freeze_until",
        ),
    ],
)
def test_the_error_names_the_key_and_the_nearest_name(node, parameters, says):
    with pytest.raises(InputError, match=f"(?s)^{says}"):
        checked(node, parameters)
    checked(node, parameters, needed=[])  # made already: so it was right


def test_right_names_pass():
    for node in (cut("features.12"), cut(""), vectors("features"), vectors(), local("features.7")):
        checked(node, {})
    for node in (layer("block2"), layer("embedding"), tuned("squeezenet1_1", "", 0)):
        checked(node, {})
    checked(tuned("vit_b_16", "encoder.layers.encoder_layer_10"), {})


def test_make_stops_before_it_makes_anything(tmp_path):
    project = Project(tmp_path)
    write_images(tmp_path / "images", per_class=2)
    project.file.write_text(
        '[data]\nsource = "images"\nnear_duplicates = false\n[protocol]\nfolds = 2\ntest = 0\n'
        '[methods.tuned]\nrecipe = "fine_tuned"\nnodes.output_node = "features.13"\n'
    )
    said = project.make(code=2)
    assert "strata.toml: methods.tuned.nodes.output_node = 'features.13'" in said
    assert "pretrained" not in said
    project.file.write_text(
        '[data]\nsource = "nowhere"\n[methods.t]\nrecipe = "tinynet"\n'
        'network.architecture = {name = "tinynet", widhts = [4]}\n'
    )
    said = project.make(code=2)  # before the images are looked for
    assert "strata.toml: methods.t.network.architecture" in said
    assert "Did you mean 'widths'?" in said


def test_composing_takes_no_torch():
    assert "strata.pipeline.workspace.check_backbones" in sys.modules
    source = Path(
        str(sys.modules["strata.pipeline.workspace.check_backbones"].__file__)
    ).read_text()
    top = [line for line in source.splitlines() if line.startswith(("import ", "from "))]
    assert not [line for line in top if "torch" in line or "strata.models" in line]
