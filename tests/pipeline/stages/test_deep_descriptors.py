"""Maps of pretrained networks as descriptors of the recipes for local descriptors."""

import shutil

import numpy as np
import pytest
import torch

from strata.digest import file_digest
from strata.models.training.resize import resize_image
from strata.models.transfer import backbones
from strata.models.transfer.frozen_backbone import Standardize
from strata.pipeline.graph.inputs import Fold, ImageShard, Subset
from strata.pipeline.graph.recipe_context import Data
from strata.pipeline.graph.sharded_arrays import Shards
from strata.pipeline.graph.stage import Node, Sharded
from strata.pipeline.recipes.registry import known_recipes
from strata.pipeline.stages.deep_descriptors import feature_map_descriptors
from strata.pipeline.stages.pretrained import pretrained, weights_file
from strata.pipeline.stages.serialize import of_shard
from tests.pipeline.project import write_images

NAME = "squeezenet1_1"


@pytest.fixture
def weights(network):
    """A file of made-up weights."""
    path, _ = network
    return path


def test_descriptors_are_the_places_of_the_map(weights, tmp_path, float32):
    write_images(tmp_path, per_class=1)
    paths = sorted(tmp_path.glob("*/*"))
    shard = ImageShard("", tuple(map(file_digest, paths)), tuple(paths))
    network = pretrained.function(weights_file(NAME, str(weights)), backbone=NAME)
    local = feature_map_descriptors.function(
        shard, network, node="features.2", image_size=64, norm="none"
    )
    found = of_shard(local)[1].descriptors
    state = torch.load(weights)
    whole = backbones.build(NAME, state)
    expected = backbones.preprocessing(NAME)
    image = torch.from_numpy(resize_image(list(shard)[1], 64)).permute(2, 0, 1) / 255
    mean, deviation = (torch.tensor(v)[:, None, None] for v in expected[1:])
    with torch.no_grad():
        seen = whole.features[:3](((image - mean) / deviation)[None])[0]
    np.testing.assert_allclose(found, seen.flatten(1).T, rtol=2e-3, atol=2e-3)


def test_descriptors_of_a_transformer_are_its_patches(tmp_path, float32):
    pytest.importorskip("timm")
    name, node = "timm:test_vit", "blocks.3"
    whole = backbones.skeleton(name)
    path = tmp_path / "weights.pth"
    torch.save(whole.state_dict(), path)
    write_images(tmp_path, per_class=1)
    paths = sorted(tmp_path.glob("*/*"))
    shard = ImageShard("", tuple(map(file_digest, paths)), tuple(paths))
    network = pretrained.function(weights_file(name, str(path)), backbone=name)
    found = of_shard(feature_map_descriptors.function(shard, network, node=node, norm="none"))[1]
    seen = []
    whole.blocks[3].register_forward_hook(lambda *given: seen.append(given[2]))
    size = whole.patch_embed.img_size[0]
    pixels = torch.from_numpy(resize_image(list(shard)[1], size)).permute(2, 0, 1)[None]
    with torch.no_grad():
        whole(Standardize(backbones.preprocessing(name))(pixels))
    np.testing.assert_allclose(found.descriptors, seen[0][0, 1:], rtol=2e-3, atol=2e-3)
    rows = round(len(found.descriptors) ** 0.5)
    np.testing.assert_allclose(found.positions[1], [1.5 / rows, 0.5 / rows], rtol=1e-6)


def made(given, known):
    """What a node's stage makes, here and now."""
    if isinstance(given, Sharded):
        digests = [node.shard.digests for node in given.nodes]
        return Shards(digests, lambda number: made(given.nodes[number], known))
    if not isinstance(given, Node):
        return given
    if given.key not in known:
        inputs = [made(part, known) for part in given.inputs]
        known[given.key] = given.stage.function(*inputs, **given.parameters)
    return known[given.key]


@pytest.mark.parametrize(
    ("recipe", "encoding"),
    [
        ("fisher", {"mixture": {"n_components": 2, "n_dims": 4}}),
        ("vlad", {"codebook": {"n_words": 2}}),
        ("bovw", {"codebook": {"n_words": 4}, "histogram": {"pyramid": "none"}}),
    ],
)
def test_recipes_for_local_descriptors_take_them(weights, tmp_path, recipe, encoding):
    write_images(tmp_path, per_class=4)
    paths = sorted(tmp_path.glob("*/*"))
    names = tuple(map(file_digest, paths))
    classes, labels = ("blue", "green", "gray"), tuple(i // 4 for i in range(12))
    train = Subset(names, names, labels, classes, 0)
    fold = Fold("fold 1", 0, 0, train, Subset(names[::4], names[::4], None, classes, 0))
    data = Data([ImageShard("", names, tuple(paths))], classes, None, None)
    use = {
        "use": "deep_descriptors",
        "weights": str(weights),
        "node": "features.3",
        "image_size": 48,
    }
    chosen = known_recipes()[recipe]
    node = chosen.compose(data, fold, chosen.checked({"descriptor": use, **encoding}, recipe))
    known = {}
    assert made(node, known)["scores"].shape == (3, 3)
    (network,) = [m for m in known.values() if "content" in m]
    assert network["backbone"] == NAME
    moved = shutil.copy(weights, tmp_path / "moved.pth")
    again = chosen.checked({"descriptor": {**use, "weights": str(moved)}, **encoding}, recipe)
    assert chosen.compose(data, fold, again).key == node.key
