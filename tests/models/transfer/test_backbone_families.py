"""Thirty networks, each of another family of torchvision or timm, with random weights."""

import numpy as np
import pytest
import torch
from sklearn.base import clone

from strata.errors import InputError, StrataError
from strata.models.transfer import backbones, weights
from strata.models.transfer.backbone_features import BackboneFeatures
from strata.models.transfer.canonical_subgraph import output_layout
from tests.models.transfer.families import LARGE, TORCHVISION

#: By name: side of the images in pixels, None for networks of one size.
TIMM = {
    "test_byobnet": 32, "test_mambaout": 32, "test_nfnet": 32, "test_vit": None,
    "test_vit_relpos": None, "efficientvit_m0": 64, "fasternet_t0": 32, "ghostnet_050": 32,
    "ese_vovnet19b_slim_dw": 32, "inception_next_atto": 32, "lcnetv2_small": 32, "starnet_s1": 32,
}  # fmt: skip
FAMILIES = {
    **dict.fromkeys(TORCHVISION, 32),
    **{f"timm:{name}": size for name, size in TIMM.items()},
    "alexnet": 64, "inception_v3": 75, "maxvit_t": None, "vit_b_32": None,
}  # fmt: skip
RUN = sorted(FAMILIES.keys() - set(LARGE))


def random_state(name, image_size):
    """Random weights of a scale that keeps activations apart, quickly."""
    generator = torch.Generator().manual_seed(0)
    network = backbones.skeleton(name, image_size)
    state = network.state_dict()
    for value in state.values():
        if value.ndim > 1:
            value.normal_(0, value[0].numel() ** -0.5, generator=generator)
    return state


def test_thirty_families():
    assert len(FAMILIES) >= 30


@pytest.mark.parametrize("name", RUN)
def test_features_are_as_wide_as_advertised_and_the_same_in_every_batch(name, float32):
    if name.startswith("timm:"):
        pytest.importorskip("timm")
    size = FAMILIES[name]
    side = size or backbones.preprocessing(name).image_size
    images = np.random.default_rng(0).integers(0, 256, (32, side, side, 3), np.uint8)
    state = random_state(name, size)
    features = BackboneFeatures(
        name, weights=state, image_size=size, mirror=False, batch_size=32, device="cpu"
    ).fit()
    vectors = features.transform(images)
    assert vectors.shape == (32, sum(features.widths_))
    assert features.widths_ == (output_layout(name, features.nodes_[0], size).channels,)
    assert np.isfinite(vectors).all()
    again = clone(features.set_params(weights=""))
    assert again.get_params() == features.get_params()
    found = features.set_params(batch_size=1).transform(images[:2])
    np.testing.assert_allclose(found, vectors[:2], rtol=1e-3, atol=1e-5)
    assert np.abs(found[0] - found[1]).max() > 1e-4  # and it looks at the images


@pytest.mark.parametrize("name", ["resnet81", "vit_b_61", "timm:convnext_atoo", "timm:xcit_nanno"])
def test_wrong_names_get_the_nearest_known_ones(name):
    if name.startswith("timm:"):
        pytest.importorskip("timm")
    with pytest.raises(InputError, match="has no") as caught:
        BackboneFeatures(name).fit()
    known = {
        "resnet81": "resnet18", "vit_b_61": "vit_b_16", "timm:convnext_atoo": "convnext_atto",
        "timm:xcit_nanno": "xcit_nano",
    }  # fmt: skip
    assert known[name] in caught.value.hint


@pytest.mark.parametrize(
    ("name", "size"), [("resnet18", "(45 MB)"), ("timm:resnet18", "(about 47 MB)")]
)
def test_offline_errors_name_address_size_and_place(name, size, tmp_path, monkeypatch):
    if name.startswith("timm:"):
        pytest.importorskip("timm")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.delenv(weights.ENVIRONMENT, raising=False)

    def refuse(*_, **__):
        raise StrataError("The server cannot be reached.")

    monkeypatch.setattr(weights, "download", refuse)
    with pytest.raises(StrataError, match=f"weights of {name} are not on this machine") as caught:
        BackboneFeatures(name).fit()
    source = weights.published_weights(name)
    for part in (source.url, size, str(tmp_path / "hub" / "checkpoints" / source.path.name)):
        assert part in caught.value.hint
