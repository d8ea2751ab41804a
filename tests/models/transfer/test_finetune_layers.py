"""Layer tables of pretrained networks, against the counts of their parts."""

import pytest

from strata.models.transfer.finetune_layers import finetune_layers
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
