"""Method of `strata init` with a pretrained network, the best whose weights are at hand."""

from importlib.util import find_spec
from typing import NamedTuple

from strata.models.transfer.weights import file_at_hand
from strata.models.transfer.zoos.packaged_weights import INSTALL


class Choice(NamedTuple):
    """Network and the settings of its features.

    Attributes:
        nodes: whose activations are taken; (): what the network's own last layer takes.
        image_size: pixels; None: what it was made for.
    """

    backbone: str
    nodes: tuple[str, ...] = ()
    image_size: int | None = None


_LITE = ("blocks.4", "blocks.5", "blocks.6", "global_pool")

#: The best ones first: docs/transfer.md says by which order. DINOv2 ends in its class
#: token alone; of its last normalization, the patches are taken too. SigLIP has no class
#: token, and attention pools its patches.
CHOICES = (
    Choice("timm:vit_small_patch14_dinov2.lvd142m", ("norm",), 224),
    Choice("timm:convnext_tiny.in12k_ft_in1k", ("stages.2", "stages.3", "head.flatten")),
    Choice("timm:vit_base_patch16_siglip_224.v2_webli"),
    Choice("inception_v3", ("Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e", "Mixed_7a")),
    Choice("timm:tf_efficientnet_lite0", _LITE),
    Choice("convnext_tiny", ("features.5", "features.7", "classifier.1")),
    Choice("resnet50", ("layer3", "layer4")),
    Choice("squeezenet1_1", ("features.9", "features.10", "features.11", "features.12")),
)
#: The network that is meant where no weights are at hand.
MEANT = Choice("timm:tf_efficientnet_lite0", _LITE)


def pretrained_method() -> str:
    """Table of the method in TOML; commented out, with what installs the weights, without any."""
    for choice in CHOICES:
        if _is_at_hand(choice.backbone):
            return _table(choice)
    lines = [f"{INSTALL} brings its weights.", *_table(MEANT).splitlines()]
    return "".join(f"# {line}\n" for line in lines)


def _is_at_hand(backbone: str) -> bool:
    usable = not backbone.startswith("timm:") or find_spec("timm") is not None
    return usable and file_at_hand(backbone) is not None


def _table(choice: Choice) -> str:
    nodes = ", ".join(f'"{node}"' for node in choice.nodes)
    return (
        "[methods.pretrained]\n"
        'recipe = "deep_features"\n'
        f'backbone = "{choice.backbone}"\n'
        + (f"features.nodes = [{nodes}]\n" if nodes else "")
        + (f"features.image_size = {choice.image_size}\n" if choice.image_size else "")
        + 'reduction.use = "centered_power"\n'
    )
