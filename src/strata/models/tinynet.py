"""TinyNet: the paper's smallest network (strided convolutions only), described in data."""

from collections.abc import Sequence
from typing import Any


def tinynet(
    widths: Sequence[int] = (32, 64, 128, 256),
    *,
    depthwise: bool = False,
    activation: str = "relu",
    normalisation: str = "batch",
    initialisation: str = "he-normal",
) -> dict[str, Any]:
    """Blocks of one 3x3 convolution with stride 2 and padding 1, average pool, linear.

    Convolutions have no bias where a normalisation follows. The depthwise version separates
    every convolution, the first one too, into a spatial filter per channel and a 1x1 convolution,
    each normalised.

    Args:
        widths: filters of the blocks.
        depthwise: separate convolutions (8 times fewer parameters).
        activation: a key of `blocks.ACTIVATIONS`.
        normalisation: a key of `blocks.NORMALISATIONS`.
        initialisation: one of `initialisation.INITIALISATIONS`.

    Returns:
        A description that `builder.build` and `NetworkClassifier` take.
    """
    return {
        "kernel": 3,
        "stride": 2,
        "padding": 1,
        "convolution": "depthwise" if depthwise else "full",
        "activation": activation,
        "normalisation": normalisation,
        "initialisation": initialisation,
        "blocks": [{"filters": width} for width in widths],
        "head": {"pool": "average"},
    }
