"""Multi-layer perceptron on pixels: a network without convolutions, described in data."""

from collections.abc import Sequence
from typing import Any


def mlp(
    hidden: Sequence[int] = (1024, 512),
    *,
    activation: str = "relu",
    normalization: str = "none",
    dropout: float = 0.0,
    initialization: str = "he-normal",
) -> dict[str, Any]:
    """All pixels in one vector, hidden layers, linear.

    Args:
        hidden: widths of the hidden layers.
        activation: one of `names.ACTIVATIONS`.
        normalization: after each activation: "none", "batch" or "layer".
        dropout: share of units dropped before each layer, the input among them.
        initialization: one of `names.INITIALIZATIONS`.

    Returns:
        A description that `builder.build` and `NetworkClassifier` take.
    """
    return {
        "blocks": [],
        "initialization": initialization,
        "head": {
            "pool": "flatten",
            "hidden": list(hidden),
            "activation": activation,
            "normalization": normalization,
            "dropout": dropout,
        },
    }
