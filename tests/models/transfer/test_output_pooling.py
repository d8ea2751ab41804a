"""Tokens and cells of the outputs of nodes."""

import numpy as np
import pytest
import torch

from strata.errors import InputError
from strata.models.transfer import backbones
from strata.models.transfer.backbone_features import BackboneFeatures
from strata.models.transfer.output_layout import OutputLayout
from strata.models.transfer.output_pooling import check_pooling, pool_output

#: A class token, a register, and six rows of six patches.
LAYOUT = OutputLayout("tokens", 5, (0, 1, 2), (6, 6), 2, True)
TOKENS = torch.rand(3, 38, 5, generator=torch.Generator().manual_seed(0))
WHOLE = [(1, 1)]
NAME = "timm:test_vit"


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ("class", [TOKENS[:, 0]]),
        ("patches", [TOKENS[:, 2:].mean(1)]),
        ("both", [TOKENS[:, 0], TOKENS[:, 2:].mean(1)]),
        ("auto", [TOKENS[:, 0], TOKENS[:, 2:].mean(1)]),
    ],
)
def test_class_and_patches(tokens, expected):
    check_pooling("node", LAYOUT, tokens, WHOLE)
    found = pool_output(TOKENS, LAYOUT, tokens, WHOLE)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)


def test_without_a_class_token_auto_takes_the_patches():
    layout = LAYOUT._replace(class_token=False)  # two registers
    (found,) = pool_output(TOKENS, layout, "auto", WHOLE)
    torch.testing.assert_close(found, TOKENS[:, 2:].mean(1))
    for tokens in ("class", "both"):
        with pytest.raises(InputError, match="no class token among the tokens of 'node'"):
            check_pooling("node", layout, tokens, WHOLE)


def test_cells_are_cells_of_patches():
    grids = [(1, 1), (3, 2)]
    check_pooling("node", LAYOUT, "both", grids)
    token, whole, cells = pool_output(TOKENS, LAYOUT, "both", grids)
    assert torch.equal(token, TOKENS[:, 0])
    patches = TOKENS[:, 2:].unflatten(1, (6, 6))
    torch.testing.assert_close(whole, patches.mean((1, 2)))
    expected = [
        patches[:, 2 * row : 2 * row + 2, 3 * column : 3 * column + 3].mean((1, 2))
        for row in range(3)
        for column in range(2)
    ]
    torch.testing.assert_close(cells, torch.cat(expected, 1))


@pytest.mark.parametrize(
    ("layout", "tokens", "message"),
    [
        (LAYOUT, "class", "no cells in the class token"),
        (OutputLayout("vector", 5, (0, 1)), "auto", "no map, and no square grid"),
        (OutputLayout("tokens", 5, (0, 1, 2)), "auto", "no map, and no square grid"),
        (LAYOUT, "mean", "tokens must be"),
    ],
)
def test_cells_of_what_has_none_are_refused(layout, tokens, message):
    with pytest.raises(InputError, match=message):
        check_pooling("node", layout, tokens, [(2, 2)])


def test_tokens_of_no_grid_are_averaged():
    (found,) = pool_output(TOKENS, OutputLayout("tokens", 5, (0, 1, 2)), "auto", WHOLE)
    torch.testing.assert_close(found, TOKENS.mean(1))


def test_features_are_the_tokens_of_the_network(float32):
    pytest.importorskip("timm")
    network = backbones.skeleton(NAME)
    state, size = network.state_dict(), backbones.preprocessing(NAME).image_size
    images = np.random.default_rng(0).integers(0, 256, (3, size, size, 3), np.uint8)
    seen = []
    network.blocks[2].register_forward_hook(lambda *given: seen.append(given[2]))
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in backbones.preprocessing(NAME)[1:])
    with torch.no_grad():
        network((torch.from_numpy(images).permute(0, 3, 1, 2) / 255 - mean) / std)
    parts = {"class": seen[0][:, 0], "patches": seen[0][:, 1:].mean(1)}
    parts["auto"] = parts["both"] = torch.cat([parts["class"], parts["patches"]], 1)
    for tokens, expected in parts.items():
        features = BackboneFeatures(
            NAME, nodes=("blocks.2",), weights=state, tokens=tokens, mirror=False, norm="none"
        ).fit()
        assert features.widths_ == (expected.shape[1],)
        np.testing.assert_allclose(features.transform(images), expected, rtol=1e-3, atol=1e-4)


def test_a_network_without_a_class_token_is_refused_before_its_weights_are_read():
    pytest.importorskip("timm")
    with pytest.raises(InputError, match="no class token"):
        BackboneFeatures(
            "timm:mixer_s16_224", nodes=("blocks.3",), tokens="class", weights="absent.pth"
        ).fit()
