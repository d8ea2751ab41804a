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


def total(rows, name):
    return sum(getattr(row, name) for row in rows)


@pytest.mark.parametrize("name", PARTS)
def test_rows_add_up_to_the_whole(name):
    begin, end, size = PARTS[name]
    after = subgraph_cost(name, begin, [end], size)
    parts = [after] if begin == IMAGES else [subgraph_cost(name, IMAGES, [begin], size), after]
    *rows, head = layer_table(name, begin, [end], num_classes=5, image_size=size)
    for what in ("parameters", "statistics", "multiply_adds"):
        assert total(rows, what) == sum(getattr(part, what) for part in parts)
    assert total(rows, "trainable") == after.parameters
    trains = [row.trainable > 0 for row in rows if row.parameters]
    assert trains == sorted(trains)  # the frozen part first
    width = after.outputs[0][0]
    assert (head.name, head.kind, head.output) == ("head", "Linear", (5,))
    assert head.parameters == head.trainable == 5 * width + 5
    frozen = layer_table(name, begin, [end], num_classes=5, image_size=size, trainable=False)
    assert [row.trainable for row in frozen] == [0] * len(rows) + [head.parameters]
    assert layer_table(name, begin, [end], num_classes=0, image_size=size) == rows


def test_rows_of_resnet_s_last_blocks():
    """The receptive field of ResNet-18's last map is 435 pixels (Araujo et al., Distill 2019)."""
    rows = layer_table("resnet18", "layer3", ["layer4"], num_classes=8)
    rows = [row for row in rows if row.trainable or row.name.startswith("layer4")]
    assert [row.name for row in rows[:3]] == ["layer4.0.conv1", "layer4.0.bn1", "layer4.0.conv2"]
    first = rows[0]
    assert (first.kind, first.output, first.kernel) == ("Conv2d", (512, 7, 7), (3, 3))
    assert first.multiply_adds == 9 * 256 * 512 * 49
    assert rows[-2].receptive_field == (435, 435)
    assert rows[-1].receptive_field == (224, 224)


def test_frozen_and_trainable_parameters_are_the_papers():
    """Table VI. Keras's batch normalizations have no scale, and its counts have statistics."""
    for blocks, trained in ((0, 16_392), (1, 6_089_928), (3, 12_828_296)):
        begin = INCEPTION_BLOCKS[10 - blocks]
        rows = layer_table("inception_v3", begin, ["Mixed_7c"], num_classes=8)
        cost = subgraph_cost("inception_v3", begin, ["Mixed_7c"])
        assert sum(row.trainable for row in rows) - cost.scales == trained


def test_the_receptive_field_of_inception_begins_with_its_first_convolution():
    rows = layer_table("inception_v3", "maxpool1", ["maxpool1"], num_classes=0)
    fields = [row.receptive_field for row in rows if row.kind == "Conv2d"]
    assert fields == [(3, 3), (7, 7), (11, 11)]
