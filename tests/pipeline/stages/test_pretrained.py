"""Weights of pretrained networks: known by their content, refused, watched."""

import io
import itertools
import pickle
import shutil
import zipfile

import numpy as np
import pytest
import torch

from strata.errors import InputError
from strata.models.transfer import backbones, weights
from strata.pipeline.stages.pretrained import (
    backbone_features,
    pretrained,
    state_of,
    weights_file,
)

NAME, VIT = "squeezenet1_1", "timm:test_vit"


def test_weights_are_known_by_their_content(network, tmp_path, monkeypatch):
    path, _ = network
    moved = shutil.copy(path, tmp_path / "other.pth")
    assert weights_file(NAME, str(moved)).key == weights_file(NAME, str(path)).key
    monkeypatch.delenv(weights.ENVIRONMENT, raising=False)
    named = weights_file(NAME)
    assert named.path is None
    monkeypatch.setenv(weights.ENVIRONMENT, str(path))
    assert weights_file(NAME).key == weights_file(NAME, str(path)).key != named.key
    state = weights.read_weights(path.read_bytes(), "net")
    state["classifier.1.bias"] += 1
    torch.save(state, moved)
    assert weights_file(NAME, str(moved)).key != weights_file(NAME, str(path)).key


def test_weights_of_another_network_are_refused(network):
    path, _ = network
    with pytest.raises(InputError, match="not the weights of resnet18"):
        pretrained.function(weights_file("resnet18", str(path)), backbone="resnet18")


def test_a_file_that_changes_during_the_run_is_noticed(network, tmp_path):
    path, _ = network
    copy = shutil.copy(path, tmp_path / "net.pth")
    file = weights_file(NAME, str(copy))
    copy.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match="changed during the run"):
        pretrained.function(file, backbone=NAME)


def test_weights_of_another_implementation_get_the_networks_names(network, tmp_path):
    """They are known by their order, which the artifact does not keep."""
    path, known = network
    state = weights.read_weights(path.read_bytes(), "net")
    torch.save({f"layer{i}": state[k] for i, k in enumerate(state)}, tmp_path / "other.pth")
    file = weights_file(NAME, str(tmp_path / "other.pth"))
    found = state_of(pretrained.function(file, backbone=NAME))
    assert all(torch.equal(tensor, found[name]) for name, tensor in state_of(known).items())


class Evil:
    def __reduce__(self):
        return pytest.fail, ("a pickle was run",)


def zip_bomb():
    """What torch.save writes, packed: its 64 MB are 100 kB here."""
    saved, packed = io.BytesIO(), io.BytesIO()
    torch.save({"a": torch.zeros(2**24)}, saved)
    with zipfile.ZipFile(saved) as before, zipfile.ZipFile(packed, "w") as after:
        for name in before.namelist():
            after.writestr(name, before.read(name), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


@pytest.mark.parametrize(
    "content",
    [pickle.dumps(Evil()), zip_bomb(), b"", b"\xff" * 100],
    ids=["pickle", "zip bomb", "empty", "noise"],
)
def test_weights_from_a_strangers_file_are_safetensors_or_refused(content, monkeypatch):
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("torch.load was called"))
    artifact = {"backbone": NAME, "content": np.frombuffer(content, np.uint8)}
    with pytest.raises(InputError, match=r"weights of squeezenet1_1 .* format safetensors"):
        state_of(artifact)


def test_weights_are_kept_as_safetensors_whatever_their_file_was(network):
    path, artifact = network
    assert path.read_bytes()[:2] == b"PK"  # of torch.save
    assert artifact["content"][8:9].tobytes() == b"{"


def test_features_name_their_blocks(network):
    """With a pyramid, each grid of each node is one; the widths are those of the vectors."""
    _, known = network
    images = [np.zeros((64, 64, 3), np.uint8)]
    given = {"nodes": ("features.3", "features.6"), "image_size": 64, "mirror": False}
    plain = backbone_features.run(images, known, **given)
    assert plain["blocks"] == ["features.3", "features.6"]
    assert plain["widths"] == [128, 256]
    cells = backbone_features.run(images, known, **given, pyramid="horizontal")
    assert cells["blocks"][:2] == ["features.3", "features.3 in 3 x 1"]
    assert cells["widths"] == [128, 384, 256, 768]
    assert cells["vectors"].shape == (1, sum(cells["widths"]))


GRIDS = {"none": [(1, 1)], "square": [(1, 1), (2, 2)], "horizontal": [(1, 1), (3, 1)]}


@pytest.fixture(scope="module")
def transformer(tmp_path_factory):
    """Made-up weights of a small vision transformer with a class token."""
    pytest.importorskip("timm")
    path = tmp_path_factory.mktemp("weights") / "vit.pth"
    torch.save(backbones.skeleton(VIT).state_dict(), path)
    return pretrained.function(weights_file(VIT, str(path)), backbone=VIT)


@pytest.mark.parametrize(
    ("tokens", "pyramid"),
    [("class", "none"), *itertools.product(["auto", "patches", "both"], GRIDS)],
)
def test_blocks_of_tokens_are_cut_where_the_parts_end(transformer, tokens, pyramid):
    """The class token is one, each grid is one; of norm "l2" each has length 1."""
    images = np.random.default_rng(0).integers(0, 256, (1, 40, 40, 3), np.uint8)
    given = {"nodes": ("blocks.2", "blocks.5"), "mirror": False, "tokens": tokens}
    found = backbone_features.run(images, transformer, **given, pyramid=pyramid)
    (vector,), widths = found["vectors"], found["widths"]
    assert sum(widths) == len(vector)
    parts = np.split(vector, np.cumsum(widths)[:-1])
    np.testing.assert_allclose([np.linalg.norm(part) for part in parts], 1, rtol=1e-5)
    cells = [rows * columns for rows, columns in GRIDS[pyramid]]
    expected = [1, *cells] if tokens in ("auto", "both") else cells
    assert [width // min(widths) for width in widths] == 2 * expected
    assert len(set(found["blocks"])) == len(widths)
    if tokens == "both":
        assert found["blocks"][:2] == ["class token of blocks.2", "blocks.2"]
