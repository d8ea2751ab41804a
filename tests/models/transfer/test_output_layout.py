"""Layouts of nodes: channels and positions of every torchvision family at every node."""

import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from strata.errors import InputError
from strata.models.transfer import backbones
from strata.models.transfer.canonical_subgraph import canonical_subgraph, output_layout
from strata.models.transfer.output_layout import (
    OutputLayout,
    _token_grid,
    as_map,
    backbone_layouts,
)
from strata.models.transfer.subgraph import (
    IMAGES,
    extract_subgraph,
    global_pool,
    penultimate_node,
    traced,
)
from tests.models.transfer.families import LARGE, TORCHVISION

#: Layers, and where they say how many channels they give.
ADVERTISED = {
    nn.Conv2d: "out_channels",
    nn.Linear: "out_features",
    nn.BatchNorm2d: "num_features",
    nn.LayerNorm: "normalized_shape",
}


def advertised_widths(network):
    """Channels that each layer says it gives, by the names of nodes."""
    found = {}
    for name, module in network.named_modules():
        for kind, attribute in ADVERTISED.items():
            if isinstance(module, kind):
                width = getattr(module, attribute)
                found[name] = width[-1] if isinstance(width, tuple) else width
    return found


@pytest.mark.parametrize("name", TORCHVISION)
def test_every_node_of_every_family_is_pooled_to_the_channels_that_it_advertises(name):
    """Layers that have no layout lie inside the windows of attentions, or are not run."""
    layouts = backbone_layouts(name, backbones.preprocessing(name).image_size)
    network = backbones.outline(name)
    graph = traced(network).graph
    advertised = advertised_widths(network)
    run = {str(n.meta["path"]) for n in graph.nodes} & advertised.keys()
    assert {n: layouts[n].channels for n in run & layouts.keys()} == {
        n: advertised[n] for n in run & layouts.keys()
    }
    refused = run - layouts.keys()
    windows = {"swin_v2_t": r"\.attn\.cpb_mlp\.", "maxvit_t": r"\.(window|grid)_attention\."}
    assert all(re.search(windows[name], node) for node in refused)
    last = {}
    for node in graph.nodes:
        for block in re.finditer(r"\.\d+(?=\.|$)", node.meta["path"]):
            last[node.meta["path"][: block.end()]] = node.meta["path"]
    inside = r"layers\.\w+_attention|\.attn\." if name in windows else "$^"
    assert all(node in layouts for b, node in last.items() if not re.search(inside, b)), name


@pytest.mark.parametrize("name", LARGE)
def test_the_penultimate_output_is_what_the_last_layer_takes(name):
    heads = [m for m in backbones.outline(name).modules() if isinstance(m, nn.Linear)]
    assert output_layout(name, penultimate_node(name)).channels == heads[-1].in_features


def test_as_many_channels_as_rows_and_columns_are_told_apart():
    """Swin's first blocks give 96 x 96 x 96 at 384 pixels, the channels last."""
    assert output_layout("swin_t", "features.1", 384).order == (0, 3, 1, 2)
    network = backbones.skeleton("swin_t")
    part = extract_subgraph(network, IMAGES, ["features.0"])
    canonical = canonical_subgraph("swin_t", network, IMAGES, ["features.0"], 384)
    x = torch.rand(1, 3, 384, 384)
    with torch.no_grad():
        (raw,), (found,) = part(x), canonical(x)
    assert raw.shape == (1, 96, 96, 96)
    torch.testing.assert_close(global_pool(found), raw.mean((1, 2)))


def test_a_part_between_canonical_layouts_is_the_network():
    network = backbones.skeleton("swin_t")
    x = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        (before,) = canonical_subgraph("swin_t", network, IMAGES, ["features.3"], 64)(x)
        assert before.shape == (1, 192, 8, 8)
        (after,) = canonical_subgraph("swin_t", network, "features.3", ["flatten"], 64)(before)
        (same,) = canonical_subgraph("swin_t", network, "features.3", ["features.3"], 64)(before)
        (whole,) = extract_subgraph(network, IMAGES, ["flatten"])(x)
    torch.testing.assert_close(after, whole)
    assert torch.equal(same, before)


@pytest.mark.parametrize(
    ("name", "node", "kind", "prefix", "class_token"),
    [
        ("vit_b_32", "conv_proj", "map", 0, False),
        ("vit_b_32", "permute", "tokens", 0, False),
        ("vit_b_32", "reshape", "tokens", 0, False),  # (n, channels, tokens)
        ("vit_b_32", "encoder.layers.encoder_layer_3", "tokens", 1, True),
        ("vit_b_32", "getitem_5", "vector", 0, False),
        ("timm:deit_tiny_distilled_patch16_224", "blocks.3", "tokens", 2, True),
        ("timm:vit_small_patch14_reg4_dinov2", "blocks.3", "tokens", 5, True),
        ("timm:vit_wee_patch16_reg1_gap_256", "blocks.3", "tokens", 1, False),
        ("timm:mixer_s16_224", "blocks.1", "tokens", 0, False),
    ],
)
def test_tokens_before_the_patches_follow_from_the_network(name, node, kind, prefix, class_token):
    if name.startswith("timm:"):
        pytest.importorskip("timm")
        assert getattr(backbones.outline(name), "num_prefix_tokens", 0) == prefix
    layout = output_layout(name, node)
    assert (layout.kind, layout.prefix_tokens, layout.class_token) == (kind, prefix, class_token)
    if kind == "tokens":
        assert layout.grid[0] > 1


@given(st.integers(1, 60), st.integers(0, 20))
def test_tokens_before_a_grid_are_counted(rows, prefix):
    assert _token_grid(rows**2 + prefix, 4 * rows**2 + prefix) == ((rows, rows), prefix)


@given(st.integers(2, 60), st.integers(0, 8))
def test_images_that_are_no_multiple_of_the_patch_have_one_patch_more(rows, prefix):
    found = _token_grid(rows**2 + prefix, (2 * rows + 1) ** 2 + prefix)
    assert found == ((rows, rows), prefix)


def test_tokens_that_are_no_grid_are_no_map():
    layout = OutputLayout("tokens", 4, (0, 1, 2))
    with pytest.raises(InputError, match="no square grid"):
        as_map(torch.zeros(1, 10, 4), layout)


def test_tokens_in_another_order_are_no_map():
    """Hiera keeps the tokens of a window together."""
    pytest.importorskip("timm")
    layout = output_layout("timm:hiera_tiny_224", "blocks.1")
    assert (layout.kind, layout.channels, layout.grid) == ("tokens", 192, (0, 0))


def test_patches_lie_in_rows():
    layout = OutputLayout("tokens", 4, (0, 2, 1), (2, 2), 1)
    tokens = torch.arange(10.0).view(1, 2, 5)  # two channels, a class token and four patches
    assert as_map(tokens, layout).tolist() == [[[[1, 2], [3, 4]], [[6, 7], [8, 9]]]]
