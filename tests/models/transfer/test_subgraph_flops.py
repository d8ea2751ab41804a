import pytest
import torch
from torch import nn
from torchvision import models

from strata.models.transfer.backbones import INCEPTION_BLOCKS, outline
from strata.models.transfer.subgraph import IMAGES, penultimate_node
from strata.models.transfer.subgraph_flops import subgraph_cost

HEAD = 2048 * 8 + 8  #: pooled layer to eight classes


@pytest.mark.parametrize("name", ["inception_v3", "squeezenet1_1", "resnet18", "convnext_tiny"])
def test_multiply_adds_are_torchvisions(name):
    weights = models.get_model_weights(name).DEFAULT
    last = {"squeezenet1_1": "classifier"}.get(name, penultimate_node(name))
    cost = subgraph_cost(name, IMAGES, [last])
    head = 0 if name == "squeezenet1_1" else 1000 * cost.outputs[0][0]
    assert (cost.multiply_adds + head) / 1e9 == pytest.approx(weights.meta["_ops"], abs=6e-4)
    if name != "inception_v3":  # whose published count has the auxiliary head
        biases = 0 if name == "squeezenet1_1" else 1000
        assert cost.parameters + head + biases == weights.meta["num_params"]


def naive_multiply_adds(network, image_size):
    """One multiply-add for each weight, at each place of a convolution's output."""
    counted = []

    def count(module, inputs, output):
        places = output.shape[2] * output.shape[3] if output.ndim == 4 else 1
        counted.append(module.weight.numel() * places)

    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(count)
    network(torch.empty(1, 3, image_size, image_size, device="meta"))
    return sum(counted)


@pytest.mark.parametrize("image_size", [128, 224])
@pytest.mark.parametrize("name", ["resnet18", "squeezenet1_1", "mobilenet_v3_small"])
def test_multiply_adds_are_those_of_images_of_that_size(name, image_size):
    network = outline(name)
    end = {"squeezenet1_1": "classifier.2"}.get(name, penultimate_node(name))
    found = subgraph_cost(name, IMAGES, [end], image_size).multiply_adds
    head = 0 if name == "squeezenet1_1" else list(network.modules())[-1].weight.numel()
    assert found + head == naive_multiply_adds(network, image_size)


@pytest.mark.parametrize(
    ("trainable_blocks", "trained"),
    [(0, 16_392), (1, 6_089_928), (3, 12_828_296), (5, 16_657_608), (7, 19_642_760)],
)
def test_trained_parameters_are_the_papers(trainable_blocks, trained):
    """Table VI: the last n blocks unfrozen."""
    freeze_until = (*INCEPTION_BLOCKS, "Mixed_7c")[-trainable_blocks - 1 - (trainable_blocks > 0)]
    cost = subgraph_cost("inception_v3", freeze_until, ["Mixed_7c"])
    assert cost.parameters - cost.scales + HEAD == trained


def test_all_parameters_are_the_papers():
    cost = subgraph_cost("inception_v3", IMAGES, ["Mixed_7c"])
    assert cost.parameters - cost.scales + HEAD == 21_784_744
    assert cost.statistics == 21_819_176 - 21_784_744


@pytest.mark.parametrize(
    ("removed", "total"),
    [(0, 21_819_176), (1, 15_739_112), (3, 8_981_416), (5, 5_144_808), (7, 2_153_128)],
)
def test_networks_without_their_last_blocks_have_the_papers_size(removed, total):
    """Table VII: the last n blocks removed."""
    cost = subgraph_cost("inception_v3", IMAGES, [INCEPTION_BLOCKS[10 - removed]])
    (channels, *_) = cost.outputs[0]
    assert cost.parameters - cost.scales + cost.statistics + channels * 8 + 8 == total


def test_multiply_adds_of_attention_are_counted():
    """Of the last block of ViT: queries, keys, values and outputs, two products, the MLP."""
    tokens, width = 14 * 14 + 1, 768
    cost = subgraph_cost("vit_b_16", "encoder.layers.encoder_layer_10", ["getitem_5"])
    assert cost.multiply_adds == 12 * tokens * width**2 + 2 * tokens**2 * width
