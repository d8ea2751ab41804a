"""Grad-CAM of fine-tuned networks of every family of torchvision, against hooks and autograd."""

import math

import pytest
import torch
from torch import nn
from torchvision import models

from strata.models.estimators.grad_cam import grad_cam_maps
from strata.models.transfer.backbones import outline
from strata.models.transfer.canonical_subgraph import (
    CHANNELS_FIRST,
    canonical_subgraph,
    with_layouts,
)
from strata.models.transfer.finetuning.activations import replace_activations
from strata.models.transfer.finetuning.boundary import Restore, keep
from strata.models.transfer.finetuning.finetune_module import FineTuneModule
from strata.models.transfer.finetuning.pooling import Embedding
from strata.models.transfer.last_map import from_last_map
from strata.models.transfer.output_layout import node_layouts
from strata.models.transfer.subgraph import IMAGES, extract_subgraph, global_pool

#: Network: the boundary's output for an image, the boundary and the last node kept; the layer whose
#: output is the last map, or whose input is (with "<").
FAMILIES = {
    "alexnet": ((384, 3, 3), "features.7", "classifier.5", "avgpool"),
    "vgg11": ((512, 2, 2), "features.17", "classifier.4", "avgpool"),
    "resnet18": ((256, 4, 4), "layer3", "flatten", "<avgpool"),
    "resnext50_32x4d": ((1024, 4, 4), "layer3", "flatten", "<avgpool"),
    "googlenet": ((832, 4, 4), "inception4e", "flatten", "<avgpool"),
    "inception_v3": ((2048, 2, 2), "Mixed_7b", "flatten", "<avgpool"),
    "squeezenet1_1": ((384, 5, 5), "features.10", "features.12", "<embedding"),
    "densenet121": ((512, 4, 4), "features.transition3", "flatten", "features.norm5"),
    "mobilenet_v2": ((96, 4, 4), "features.13", "flatten", "features.18.2"),
    "mobilenet_v3_small": ((96, 3, 3), "features.9", "classifier.1", "<avgpool"),
    "mnasnet0_5": ((96, 3, 3), "layers.12", "mean", "layers.16"),
    "efficientnet_b0": ((192, 3, 3), "features.6", "flatten", "<avgpool"),
    "regnet_y_400mf": ((208, 4, 4), "trunk_output.block3", "flatten", "<avgpool"),
    "shufflenet_v2_x0_5": ((96, 4, 4), "stage3", "mean", "conv5.2"),
    "convnext_tiny": ((768, 2, 2), "features.6", "classifier.1", "<avgpool"),
    "swin_t": ((768, 2, 2), "features.6", "flatten", "<avgpool"),
    "swin_v2_t": ((768, 2, 2), "features.6", "flatten", "<avgpool"),
    "maxvit_t": ((512, 7, 7), "blocks.3.layers.0", "classifier.4", "<classifier.0"),
    "vit_b_16": (
        (197, 768),
        "encoder.layers.encoder_layer_10",
        "getitem_5",
        "encoder.layers.encoder_layer_11.ln_1",
    ),
    "timm:vit_tiny_patch16_224": ((197, 192), "blocks.10", "getitem_1", "<blocks.11.attn.qkv"),
    "timm:swin_tiny_patch4_window7_224": ((768, 7, 7), "layers.3.blocks.0", "norm", "<embedding"),
    "timm:convnext_atto": ((160, 4, 4), "stages.2", "stages.3", "<embedding"),
    "timm:tf_efficientnet_lite0": ((192, 4, 4), "blocks.5", "global_pool.flatten", "bn2"),
}


def trained_part(name, shape, boundary, output):
    """The part after the boundary with random weights; nothing before it takes memory."""
    torch.manual_seed(0)
    part = canonical_subgraph(name, outline(name), boundary, [output]).to_empty(device="cpu")
    for parameter in part.parameters():
        nn.init.normal_(parameter, 0, 0.5 / max(1, parameter[0].numel()) ** 0.5)
    for key, buffer in part.named_buffers():
        buffer.fill_(float("var" in key))
    with torch.no_grad():
        width = global_pool(part(torch.rand(1, *shape))[0]).shape[1]
    module = FineTuneModule(
        part,
        3,
        prepare=Restore(shape),
        embedding=Embedding([width], "pooled"),
        dropout=0.0,
        adapt_batch_norm=False,
    )
    nn.init.normal_(module.linear().weight)
    return module.eval()


def by_hooks(module, layer, x, columns):
    """Grad-CAM from a layer's output, or with "<" its input, as hooks on the layer give it."""
    seen = []

    def look(_, given, output):
        seen.append(given[0] if layer.startswith("<") else output)

    name = layer.removeprefix("<")
    if name == "embedding":
        module.embedding.register_forward_hook(lambda _, given, output: seen.append(given[0][0]))
    else:
        module.blocks[0].get_submodule(name).register_forward_hook(look)
    scores = module(x).gather(1, columns[:, None]).sum()
    maps = seen[0]
    (gradient,) = torch.autograd.grad(scores, maps)
    if name.endswith("norm5"):  # DenseNet's last activation is a function: that of its class
        maps, weights = maps.relu(), module.linear().weight[columns]
        gradient = weights[:, :, None, None].expand_as(maps) / maps[0, 0].numel()
    if maps.ndim == 3:  # the class token, then a square of others
        side = math.isqrt(maps.shape[1] - 1)
        maps, gradient = (
            t[:, 1:].transpose(1, 2).unflatten(2, (side, side)) for t in (maps, gradient)
        )
    if maps.shape[1] == maps.shape[2] != maps.shape[3]:
        maps, gradient = (t.permute(0, 3, 1, 2) for t in (maps, gradient))
    return (gradient.mean((2, 3), keepdim=True) * maps).sum(1, keepdim=True).relu()


@pytest.mark.parametrize("name", FAMILIES)
def test_grad_cam_takes_the_last_map_before_the_head(name):
    shape, boundary, output, layer = FAMILIES[name]
    module = trained_part(name, shape, boundary, output)
    generator = torch.Generator().manual_seed(0)
    outputs = torch.rand(3, *shape, generator=generator)
    x = keep(outputs).permute(0, 3, 1, 2)
    torch.testing.assert_close(module.prepare(x), outputs)
    columns = torch.arange(3)
    heat = grad_cam_maps(module, x, columns)
    assert heat.shape[2] == heat.shape[3] > 1
    assert heat.max() > 0
    expected = by_hooks(module, layer, x, columns).detach()
    torch.testing.assert_close(heat, expected, rtol=1e-3, atol=1e-5 * heat.max().item())


def test_activations_that_were_replaced_are_maps_like_those_before():
    ends = ["features.19"]
    part = canonical_subgraph("vgg11", outline("vgg11"), "features.17", ends).to_empty(device="cpu")
    for parameter in part.parameters():
        nn.init.normal_(parameter, 0, 0.01, torch.Generator().manual_seed(0))
    replace_activations(part, "tanh")
    maps, (output,) = from_last_map(part, torch.rand(2, 512, 2, 2))
    torch.testing.assert_close(maps, output)  # not the convolution before
    assert maps.abs().max() < 1


def test_a_network_without_maps_has_none():
    module = trained_part("resnet18", (512, 1, 1), "avgpool", "flatten")
    heat = grad_cam_maps(module, torch.rand(2, 512, 1, 1), torch.tensor([0, 1]))
    assert heat.shape == (2, 1, 0, 0)


def test_outputs_that_the_head_takes_beside_the_last_count_too():
    """Both are means of the last map, so the weights are the sums of both columns'."""
    module = trained_part("resnet18", (256, 4, 4), "layer3", "flatten")
    with torch.device("meta"):
        whole = models.get_model("resnet18", weights=None).eval()
    ends = ["flatten", "avgpool"]
    part = canonical_subgraph("resnet18", whole, "layer3", ends).to_empty(device="cpu")
    part.load_state_dict(module.blocks[0].state_dict())
    both = FineTuneModule(
        part,
        3,
        prepare=nn.Identity(),
        embedding=Embedding([512, 512], "pooled"),
        dropout=0.0,
        adapt_batch_norm=False,
    ).eval()
    nn.init.normal_(both.linear().weight)
    nn.init.zeros_(module.linear().weight)
    module.linear().weight.data += both.linear().weight.data.unflatten(1, (2, 512)).sum(1)
    x, columns = torch.rand(2, 256, 4, 4), torch.tensor([0, 1])
    torch.testing.assert_close(
        grad_cam_maps(both, x, columns), grad_cam_maps(module, x, columns), rtol=1e-3, atol=1e-5
    )


def part_of(make, begin, end):
    """A network for images of 32 pixels, and its part between two nodes."""
    torch.manual_seed(0)
    network = make(32).eval()
    layouts = node_layouts(make(32).to("meta").eval(), make(64).to("meta").eval(), 32)
    first, last = (layouts.get(node, CHANNELS_FIRST) for node in (begin, end))
    return network, with_layouts(extract_subgraph(network, begin, [end]), first, [last], layouts)


def torchvision_transformer(size):
    return models.VisionTransformer(size, 8, 2, 2, 16, 32)


def test_from_the_images_on_a_transformer_is_asked_for_its_last_tokens_not_its_first_patches():
    transformer, part = part_of(torchvision_transformer, IMAGES, "getitem_5")
    seen = []
    transformer.encoder.layers[1].ln_1.register_forward_hook(lambda *given: seen.append(given[2]))
    x = torch.rand(2, 3, 32, 32)
    maps, (token,) = from_last_map(part, x)
    transformer(x)
    torch.testing.assert_close(maps, seen[0][:, 1:].transpose(1, 2).unflatten(2, (4, 4)))
    (gradient,) = torch.autograd.grad(token[:, 0].sum(), maps)
    assert gradient.abs().max() > 0


@pytest.mark.parametrize(
    ("pool", "node", "layer"), [("token", "getitem_1", "blocks.1.norm1"), ("avg", "mean", "norm")]
)
def test_attention_that_is_traced_is_no_map_and_its_inside_no_tokens(pool, node, layer):
    """Of a class token, the tokens that enter the last attention; of a mean, the last tokens."""
    timm = pytest.importorskip("timm")

    def make(size):
        return timm.models.VisionTransformer(
            img_size=size, patch_size=8, embed_dim=16, depth=2, num_heads=2, global_pool=pool
        )

    transformer, part = part_of(make, IMAGES, node)
    seen = []
    transformer.get_submodule(layer).register_forward_hook(lambda *given: seen.append(given[2]))
    x = torch.rand(2, 3, 32, 32)
    maps, _ = from_last_map(part, x)
    transformer(x)
    patches = seen[-1][:, -16:]
    torch.testing.assert_close(maps, patches.transpose(1, 2).unflatten(2, (4, 4)))


def test_tokens_that_nobody_reads_any_more_are_no_map():
    _, part = part_of(torchvision_transformer, "encoder.layers.encoder_layer_1.add_1", "getitem_5")
    module = FineTuneModule(
        part,
        3,
        prepare=Restore((17, 16)),
        embedding=Embedding([16], "pooled"),
        dropout=0.0,
        adapt_batch_norm=False,
    ).eval()
    nn.init.normal_(module.linear().weight)
    x = keep(torch.rand(2, 17, 16)).permute(0, 3, 1, 2)
    assert grad_cam_maps(module, x, torch.tensor([0, 1])).shape == (2, 1, 0, 0)
