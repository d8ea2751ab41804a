"""Provenance of weights: published ones, packages, files."""

from pathlib import Path

import pytest

from strata.models.transfer.zoos.packaged_weights import PACKAGES
from strata.models.transfer.zoos.provenance import provenance


def names(found):
    return [data.name for data in found.training_data]


def test_published_weights_of_torchvision():
    found = provenance("resnet50:IMAGENET1K_V1", None, "")
    assert found.source == "torchvision"
    assert found.weights == "ResNet50_Weights.IMAGENET1K_V1"
    assert found.address == "https://download.pytorch.org/models/resnet50-0676ba61.pth"
    assert names(found) == ["ImageNet-1k"]
    assert found.image_size == 224
    assert "ImageNet" in found.license
    assert not found.is_assumed


def test_published_weights_of_timm():
    pytest.importorskip("timm")
    found = provenance("timm:vit_small_patch14_dinov2.lvd142m", None, "")
    assert (found.source, found.weights) == ("timm", "vit_small_patch14_dinov2.lvd142m")
    assert found.license == "apache-2.0"
    assert [data.is_web for data in found.training_data] == [True]
    assert found.image_size == 518


def test_a_file_with_the_published_checksum_is_the_published_one():
    found = provenance("resnet50:IMAGENET1K_V1", Path("/home/me/mine.pth"), "0676ba61" + "0" * 56)
    assert (found.source, found.address, found.is_assumed) == ("torchvision", "mine.pth", False)


def test_another_file_only_stands_for_the_published_one():
    found = provenance("resnet50", Path("/home/me/mine.pth"), "ab" * 32)
    assert (found.source, found.address, found.is_assumed) == ("file", "mine.pth", True)
    assert "whoever made the file" in found.license


def test_a_package_is_known_by_its_checksum():
    name = "timm:tf_efficientnet_lite1"
    found = provenance(name, Path("/lib/x.pth"), PACKAGES[name].digest)
    assert (found.source, found.address) == ("package", PACKAGES[name].module)
    assert found.license == "Apache-2.0"
    assert names(found) == ["ImageNet-1k"]


def test_of_an_unknown_network_nothing_is_told():
    found = provenance("no_such_network", Path("x.pth"), "ab" * 32)
    assert (found.weights, found.training_data, found.is_assumed) == ("", (), False)
    assert found.image_size is None
