import pytest

from strata.models.transfer.backbones import INCEPTION_BLOCKS
from strata.models.transfer.layer_table import layer_table
from strata.models.transfer.subgraph import IMAGES
from strata.models.transfer.subgraph_flops import subgraph_cost

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


@pytest.mark.parametrize("name", PARTS)
def test_rows_add_up_to_the_whole(name):
    begin, end, size = PARTS[name]
    cost = subgraph_cost(name, begin, [end], size)
    *rows, head = layer_table(name, begin, [end], size, 5, trainable=True)
    assert sum(row.parameters for row in rows) == cost.parameters
    assert sum(row.statistics for row in rows) == cost.statistics
    assert sum(row.multiply_adds for row in rows) == cost.multiply_adds
    width = cost.outputs[0][0]
    assert (head.name, head.kind, head.output) == ("scores", "Linear", (5,))
    assert head.parameters == head.trainable == 5 * width + 5
    frozen = layer_table(name, begin, [end], size, 5, trainable=False)
    assert [row.trainable for row in frozen] == [0] * len(rows) + [head.parameters]


def test_rows_of_resnet_s_last_blocks():
    """The receptive field of ResNet-18's last map is 435 pixels (Araujo et al., Distill 2019)."""
    rows = layer_table("resnet18", "layer3", ["layer4"], 224, 8, trainable=True)
    assert [row.name for row in rows[:3]] == ["layer4.0.conv1", "layer4.0.bn1", "layer4.0.conv2"]
    first = rows[0]
    assert (first.kind, first.output, first.kernel) == ("Conv2d", (512, 7, 7), (3, 3))
    assert first.multiply_adds == 9 * 256 * 512 * 49
    assert rows[-2].receptive_field == (435, 435)
    assert rows[-1].receptive_field == (224, 224)


def test_trainable_parameters_are_the_papers_and_a_scale_for_each_channel():
    """Table VI, and what docs/transfer.md has: Keras's batch normalizations have no scale."""
    table = layer_table("inception_v3", IMAGES, ["Mixed_7c"], 299, 8, trainable=True)
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
            "scores",
            *(["Conv2d"] if blocks == 11 else []),
        )
        rows = [row for row in table if row.name.startswith(trained)]
        scales = sum(row.trainable for row in rows if row.kind.startswith("BatchNorm")) // 2
        assert sum(row.trainable for row in rows) == here
        assert here - scales == paper
    assert sum(row.statistics for row in table) == 21_819_176 - 21_784_744
