"""Networks of timm as backbones: names, sizes, weights, nodes."""

import sys

import numpy as np
import pytest
import torch

from strata.errors import InputError
from strata.models.training.resize import resize_images
from strata.models.transfer import backbones
from strata.models.transfer.backbone_features import BackboneFeatures
from strata.models.transfer.frozen_backbone import Standardize
from strata.models.transfer.subgraph import node_names, penultimate_node
from strata.models.transfer.weights import published_weights
from strata.models.transfer.zoos import timm_zoo

TINY_VIT = "timm:test_vit"
IMAGES = [np.random.default_rng(i).integers(0, 256, (70, 90, 3), dtype=np.uint8) for i in range(3)]


def test_names_get_the_nearest_known_ones():
    with pytest.raises(InputError, match="no network 'convnext_tinny'") as caught:
        backbones.preprocessing("timm:convnext_tinny")
    assert "convnext_tiny" in caught.value.hint
    with pytest.raises(InputError, match=r"no weights 'convnext_tiny.in12k_ft'") as caught:
        backbones.preprocessing("timm:convnext_tiny.in12k_ft")
    assert "convnext_tiny.in12k" in caught.value.hint


def test_an_empty_tag_names_no_weights():
    for name in ("timm:resnet18.", "resnet18:"):
        with pytest.raises(InputError, match="has no weights"):
            backbones.preprocessing(name)


def test_images_smaller_than_a_patch_are_refused():
    name = "timm:vit_tiny_patch16_224"
    with pytest.raises(InputError, match="smaller than one of its patches"):
        backbones.skeleton(name, 1)
    state = {"pos_embed": torch.zeros(1, 197, 192)}
    network = backbones.skeleton(name)
    network.patch_embed.grid_size = (0, 0)
    network.pos_embed = torch.nn.Parameter(torch.zeros(1, 1, 192))
    with pytest.raises(InputError, match="cannot be fitted"):
        timm_zoo.fitted_state(state, network)


def test_preprocessing_is_that_of_the_weights():
    found = backbones.preprocessing("timm:tf_efficientnet_lite0")
    assert found == (224, (0.5,) * 3, (0.5,) * 3)
    assert backbones.preprocessing("timm:vit_small_patch14_dinov2.lvd142m").image_size == 518


def test_weights_are_found_on_the_hub(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    found = published_weights("timm:convnext_tiny")
    assert "/timm/convnext_tiny." in found.url
    assert found.url.endswith("/model.safetensors")
    assert found.path.parent == tmp_path / "hub" / "checkpoints"
    assert found.path.name.startswith("convnext_tiny.")  # the tag tells files apart
    assert found.path.suffix == ".safetensors"


def test_without_timm_a_line_says_what_installs_it(monkeypatch):
    timm_zoo._timm.cache_clear()
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(InputError) as caught:
        backbones.preprocessing("timm:convnext_tiny")
    timm_zoo._timm.cache_clear()
    assert "pip install 'strata[timm]'" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "node"),
    [
        ("test_vit", "getitem_5"),  # the class token after the last normalization
        ("test_efficientnet", "global_pool.flatten"),
        ("test_resnet", "global_pool.flatten"),
        ("test_convnext", "head.flatten"),
        ("test_nfnet", "head.global_pool.flatten"),
    ],
)
def test_features_are_what_the_last_layer_is_given(name, node):
    name = f"timm:{name}"
    assert penultimate_node(name) == node
    network = backbones.skeleton(name)
    features = BackboneFeatures(
        name, weights=network.state_dict(), mirror=False, norm="none", batch_size=2
    ).fit()
    found = features.transform(IMAGES)
    assert found.shape == (3, features.widths_[0])
    alone = np.concatenate([features.transform([image]) for image in IMAGES])
    np.testing.assert_allclose(found, alone, rtol=0.05, atol=0.05)  # bfloat16, on some CPUs
    seen = []
    classifier = network.get_classifier()
    classifier.register_forward_hook(lambda _, given, __: seen.append(given[0]))
    size = backbones.preprocessing(name).image_size
    pixels = torch.from_numpy(resize_images(IMAGES, size)).permute(0, 3, 1, 2)
    with torch.no_grad():
        network(Standardize(backbones.preprocessing(name))(pixels))
    np.testing.assert_allclose(found, seen[0].flatten(1).numpy(), rtol=0.05, atol=0.05)


def test_a_network_that_makes_features_alone_ends_in_them():
    name = "timm:vit_tiny_patch16_224"
    assert penultimate_node(name) == "getitem_1"
    assert node_names(name)[-1] == "head"


def test_a_transformer_takes_images_of_another_size():
    state = backbones.skeleton(TINY_VIT).state_dict()
    size = backbones.preprocessing(TINY_VIT).image_size
    larger = backbones.build(TINY_VIT, state, size + 32)
    assert larger.pos_embed.shape[1] > state["pos_embed"].shape[1]
    features = BackboneFeatures(TINY_VIT, weights=state, image_size=size + 32).fit()
    assert features.transform(IMAGES).shape[0] == 3
    assert features.multiply_adds_ > BackboneFeatures(TINY_VIT, weights=state).fit().multiply_adds_


def test_tensors_of_another_implementation_are_taken_in_order():
    name = "timm:test_efficientnet"
    state = backbones.skeleton(name).state_dict()
    renamed = {f"_other.{number}": value for number, value in enumerate(state.values())}
    found = backbones.build(name, renamed).state_dict()
    assert all(torch.equal(found[key], state[key]) for key in state)
    renamed["_other.0"] = torch.zeros(1)
    with pytest.raises(InputError, match=r"lack 'conv_stem\.weight'"):
        backbones.build(name, renamed)
