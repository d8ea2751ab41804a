"""Blocks of every family of networks, against the tables that one would write by hand."""

import pytest

from strata.models.transfer.backbones import outline
from strata.models.transfer.finetuning.layer_decay import block_parameters
from strata.models.transfer.subgraph import IMAGES, extract_subgraph, penultimate_node


def table(backbone, begin=IMAGES):
    """Name of each parameter -> number of its block, from the last one."""
    part = extract_subgraph(outline(backbone), begin, [penultimate_node(backbone)])
    blocks = block_parameters(part)
    number = {id(p): len(blocks) - 1 - n for n, block in enumerate(blocks) for p in block}
    assert len(number) == sum(map(len, blocks)) == len(list(part.parameters()))
    return {name: number[id(p)] for name, p in part.named_parameters()}


def stages(pattern, depths, first=0, step=1, downsample=""):
    """Names of the blocks in stages; those between two stages go with the block after them."""
    names = []
    for stage, depth in enumerate(depths):
        number = first + step * stage
        names += [(pattern.format(number, block),) for block in range(depth)]
        if stage and downsample:
            names[-depth] += (downsample.format(number, number - 1),)
    return names


VIT = [(f"blocks.{n}",) for n in range(12)]
TV_VIT = [(f"encoder.layers.encoder_layer_{n}",) for n in range(12)]
#: Numbers of blocks in the stages.
SWIN, CONVNEXT, EFFICIENTNET = (2, 2, 6, 2), (3, 3, 9, 3), (1, 2, 2, 3, 3, 4, 1)
#: Backbone: names of what comes before the first block; of the blocks; and of what comes after.
FAMILIES = {
    "timm:vit_tiny_patch16_224": (["cls_token", "pos_embed", "patch_embed"], VIT, ["norm"]),
    "timm:vit_base_patch16_siglip_224": (["pos_embed", "patch_embed"], VIT, ["norm", "attn_pool"]),
    "vit_b_16": (["class_token", "conv_proj", "encoder.pos_embedding"], TV_VIT, ["encoder.ln"]),
    "timm:swin_tiny_patch4_window7_224": (
        ["patch_embed"],
        stages("layers.{}.blocks.{}", SWIN, downsample="layers.{}.downsample"),
        ["norm"],
    ),
    "swin_t": (
        ["features.0"],
        stages("features.{}.{}", SWIN, 1, 2, downsample="features.{1}"),
        ["norm"],
    ),
    "timm:convnext_atto": (
        ["stem"],
        stages("stages.{}.blocks.{}", SWIN, downsample="stages.{}.downsample"),
        ["head.norm"],
    ),
    "convnext_tiny": (
        ["features.0"],
        stages("features.{}.{}", CONVNEXT, 1, 2, downsample="features.{1}"),
        ["classifier.0"],
    ),
    "timm:tf_efficientnet_lite0": (
        ["conv_stem", "bn1"],
        stages("blocks.{}.{}", EFFICIENTNET),
        ["conv_head", "bn2"],
    ),
    "efficientnet_b0": (
        ["features.0"],
        stages("features.{}.{}", EFFICIENTNET, 1),
        ["features.8"],
    ),
    "resnet18": (["conv1", "bn1"], stages("layer{}.{}", (2, 2, 2, 2), 1), []),
    "squeezenet1_1": ([], [(f"features.{n}",) for n in (0, 3, 4, 6, 7, 9, 10, 11, 12)], []),
    "vgg11": (
        [],
        [
            *[(f"features.{n}",) for n in (0, 3, 6, 8, 11, 13, 16, 18)],
            *[("classifier.0",), ("classifier.3",)],
        ],
        [],
    ),
}


@pytest.mark.parametrize("backbone", FAMILIES)
def test_blocks_have_the_distances_that_one_counts_by_hand(backbone):
    before, blocks, after = FAMILIES[backbone]
    groups = [before, *blocks] if before else blocks
    groups = [*groups[:-1], [*groups[-1], *after]]
    expected = {name: n for n, names in enumerate(reversed(groups)) for name in names}
    found = table(backbone)
    assert set(found.values()) == set(range(len(groups)))
    for name, distance in found.items():
        (block,) = [start for start in expected if f"{name}.".startswith(f"{start}.")]
        assert expected[block] == distance, name


@pytest.mark.parametrize(
    ("backbone", "begin"),
    [
        ("timm:convnext_atto", "stages.1"),
    ],
)
def test_later_blocks_have_the_same_distances_wherever_training_begins(backbone, begin):
    whole, part = table(backbone), table(backbone, begin)
    assert part.items() <= whole.items()
    assert part.keys() < whole.keys()
