"""Layer tables of pretrained networks, against the counts of their parts."""

import pytest

from strata.models.transfer.backbones import INCEPTION_BLOCKS
from strata.models.transfer.finetuning.finetune_layers import finetune_layers
from strata.models.transfer.subgraph import IMAGES
from strata.models.transfer.subgraph_flops import subgraph_cost

CLASSES = 8
CASES = {  # boundary, last node, length of its pooled output
    "squeezenet1_1": ("features.9.cat", "features.12.cat", 512),
    "resnet18": ("layer3", "layer4", 512),
}


def total(rows, name):
    return sum(getattr(row, name) for row in rows)


@pytest.mark.parametrize("backbone", CASES)
def test_frozen_and_trained_parts_have_the_counts_of_their_subgraphs(backbone):
    begin, end, width = CASES[backbone]
    rows = finetune_layers(backbone, begin, [end], num_classes=CLASSES)
    frozen, trained = (
        subgraph_cost(backbone, *part) for part in ((IMAGES, [begin]), (begin, [end]))
    )
    head = (width + 1) * CLASSES
    assert total(rows, "parameters") == frozen.parameters + trained.parameters + head
    assert total(rows, "trainable") == trained.parameters + head
    assert total(rows, "multiply_adds") == (
        frozen.multiply_adds + trained.multiply_adds + width * CLASSES
    )
    assert rows[-1].output == (CLASSES,)
    trains = [row.trainable > 0 for row in rows if row.parameters]
    assert trains == sorted(trains)  # the frozen part first


def test_where_only_the_head_is_trained_all_layers_are_frozen():
    begin, end, width = CASES["resnet18"]
    rows = finetune_layers("resnet18", begin, [end], num_classes=CLASSES, train=False)
    assert total(rows, "trainable") == rows[-1].trainable == (width + 1) * CLASSES


def test_a_network_without_a_head_has_no_class_scores():
    rows = finetune_layers("resnet18", "layer4", ["layer4"], num_classes=0)
    assert total(rows, "parameters") == subgraph_cost("resnet18", IMAGES, ["layer4"]).parameters
    assert total(rows, "trainable") == 0


def test_the_receptive_field_of_inception_begins_with_its_first_convolution():
    rows = finetune_layers("inception_v3", "maxpool1", ["maxpool1"], num_classes=0)
    fields = [row.receptive_field for row in rows if row.kind == "Conv2d"]
    assert fields == [(3, 3), (7, 7), (11, 11)]


PARTS = {
    "squeezenet1_1": (IMAGES, "features.12", 64),
    "resnet18": (IMAGES, "flatten", 64),
    "googlenet": ("inception4e", "flatten", 224),
    "alexnet": ("features.7", "classifier.5", 224),
    "densenet121": ("features.denseblock3", "flatten", 64),
    "mobilenet_v3_small": (IMAGES, "classifier.1", 96),
    "regnet_y_400mf": ("trunk_output.block3", "flatten", 64),
    "convnext_tiny": ("features.5", "classifier.1", 64),
    "swin_t": ("features.5", "flatten", 64),
    "vit_b_16": ("encoder.layers.encoder_layer_10", "getitem_5", 224),
}


def part(name, begin, end, size, num_classes, *, train=True):
    """Rows after a node."""
    sizes = {"num_classes": num_classes, "image_size": size}
    rows = finetune_layers(name, begin, [end], **sizes, train=train)
    before = subgraph_cost(name, IMAGES, [begin], size).parameters
    while before > 0:
        before -= rows.pop(0).parameters
    while begin != IMAGES and not rows[0].parameters:
        rows.pop(0)  # pooling at the end of the frozen part
    return rows


@pytest.mark.parametrize("name", PARTS)
def test_rows_add_up_to_the_whole(name):
    begin, end, size = PARTS[name]
    cost = subgraph_cost(name, begin, [end], size)
    *rows, head = part(name, begin, end, size, 5)
    assert sum(row.parameters for row in rows) == cost.parameters
    assert sum(row.statistics for row in rows) == cost.statistics
    assert sum(row.multiply_adds for row in rows) == cost.multiply_adds
    width = cost.outputs[0][0]
    assert (head.name, head.kind, head.output) == ("head", "Linear", (5,))
    assert head.parameters == head.trainable == 5 * width + 5
    frozen = part(name, begin, end, size, 5, train=False)
    assert [row.trainable for row in frozen] == [0] * len(rows) + [head.parameters]


def test_rows_of_resnet_s_last_blocks():
    """The receptive field of ResNet-18's last map is 435 pixels (Araujo et al., Distill 2019)."""
    rows = part("resnet18", "layer3", "layer4", 224, 8)
    assert [row.name for row in rows[:3]] == ["layer4.0.conv1", "layer4.0.bn1", "layer4.0.conv2"]
    first = rows[0]
    assert (first.kind, first.output, first.kernel) == ("Conv2d", (512, 7, 7), (3, 3))
    assert first.multiply_adds == 9 * 256 * 512 * 49
    assert rows[-2].receptive_field == (435, 435)
    assert rows[-1].receptive_field == (224, 224)


def test_trainable_parameters_are_the_papers_and_a_scale_for_each_channel():
    """Table VI, and what docs/transfer.md has: Keras's batch normalizations have no scale."""
    table = part("inception_v3", IMAGES, "Mixed_7c", 299, 8)
    for blocks, paper, here in (
        (0, 16_392, 16_392),
        (1, 6_089_928, 6_093_192),
        (3, 12_828_296, 12_836_104),
        (5, 16_657_608, 16_669_064),
        (7, 19_642_760, 19_657_480),
        (11, 21_784_744, 21_801_960),
    ):
        trained = (
            *INCEPTION_BLOCKS[11 - blocks :],
            "head",
            *(["Conv2d"] if blocks == 11 else []),
        )
        rows = [row for row in table if row.name.startswith(trained)]
        scales = sum(row.trainable for row in rows if row.kind.startswith("BatchNorm")) // 2
        assert sum(row.trainable for row in rows) == here
        assert here - scales == paper
    assert sum(row.statistics for row in table) == 21_819_176 - 21_784_744
