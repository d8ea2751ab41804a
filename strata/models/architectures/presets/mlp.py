"""Description of a multi-layer perceptron on pixels."""

from collections.abc import Sequence
from typing import Any

from strata.models.architectures.choices import Choice


def mlp(
    hidden: Sequence[int] = (1024, 512),
    *,
    activation: Choice = "relu",
    normalization: str = "none",
    dropout: float = 0.0,
    initialization: str = "he-normal",
) -> dict[str, Any]:
    """Multi-layer perceptron: all pixels as one vector, hidden layers, linear layer.

    Args:
        hidden: widths of the hidden layers.
        activation: of the hidden layers, a key of `registry.ACTIVATIONS`, or a table.
        normalization: after each activation: "none", "batch" or "layer".
        dropout: share of units dropped before each layer, pixels before the first.
        initialization: of the weights, a key of `registry.INITIALIZATIONS`.

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
