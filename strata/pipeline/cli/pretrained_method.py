"""Method of `strata init` with a pretrained network, the best whose weights are at hand."""

from importlib.util import find_spec

from strata.models.transfer.weights import named_file
from strata.models.transfer.zoos.packaged_weights import INSTALL

#: Networks with the nodes whose activations are taken, the best ones first (docs/transfer.md).
NODES = {
    "inception_v3": ("Mixed_6d", "Mixed_6e", "Mixed_7a"),
    "timm:tf_efficientnet_lite0": ("blocks.4", "blocks.5", "blocks.6", "global_pool"),
    "squeezenet1_1": ("features.10", "features.12"),
}
#: The network that is meant where no weights are at hand.
MEANT = "timm:tf_efficientnet_lite0"


def pretrained_method() -> str:
    """Table of the method in TOML; commented out, with what installs the weights, without any."""
    for backbone in NODES:
        if _is_at_hand(backbone):
            return _table(backbone)
    lines = [f"{INSTALL} brings its weights.", *_table(MEANT).splitlines()]
    return "".join(f"# {line}\n" for line in lines)


def _is_at_hand(backbone: str) -> bool:
    file = named_file(backbone)
    usable = not backbone.startswith("timm:") or find_spec("timm") is not None
    return usable and file is not None and file.is_file()


def _table(backbone: str) -> str:
    nodes = ", ".join(f'"{node}"' for node in NODES[backbone])
    return (
        "[methods.pretrained]\n"
        'recipe = "deep_features"\n'
        f'backbone = "{backbone}"\n'
        f"features.nodes = [{nodes}]\n"
        'reduction.use = "centered_power"\n'
    )
