"""Descriptions of the paper's own convolutional networks (Lorente 2021) and of LeNet-5."""

from collections.abc import Sequence
from typing import Any

from strata.models.architectures.choices import Choice


def cnn(
    filters: Sequence[int] = (64, 32),
    *,
    kernel: int = 3,
    padding: int | Sequence[int] = 0,
    activation: Choice = "relu",
    initialization: str = "glorot-uniform",
) -> dict[str, Any]:
    """Convolutions with bias, each followed by 2x2 max pooling; flatten, linear (Lorente 2021).

    Args:
        filters: output channels of each convolution.
        kernel: width and height of the convolutions.
        padding: pixels on each side, -1 keeps the size: one number, or one for each convolution.
        activation: after each convolution, a key of `registry.ACTIVATIONS`, or a table.
        initialization: of the weights, a key of `registry.INITIALIZATIONS`.

    Returns:
        A description that `builder.build` and `NetworkClassifier` take.

    Raises:
        ValueError: not one padding for each convolution.
    """
    paddings = [padding] * len(filters) if isinstance(padding, int) else padding
    return {
        "kernel": kernel,
        "pool": "max",
        "normalization": "none",
        "activation": activation,
        "initialization": initialization,
        "blocks": [
            {"filters": width, "padding": pixels}
            for width, pixels in zip(filters, paddings, strict=True)
        ],
        "head": {"pool": "flatten"},
    }


def cnn_pooled(
    *, dropout: float = 0.5, activation: Choice = "relu", initialization: str = "glorot-normal"
) -> dict[str, Any]:
    """Four convolutions, dropout and batch normalization before the last map is averaged.

    The paper's best network of its own (its figure 18).

    Args:
        dropout: share of feature maps dropped after the third convolution.
        activation: after each convolution, a key of `registry.ACTIVATIONS`, or a table.
        initialization: of the weights, a key of `registry.INITIALIZATIONS`.
    """
    return {
        "pool": "max",
        "normalization": "none",
        "activation": activation,
        "initialization": initialization,
        "blocks": [
            {"filters": 32},
            {"filters": 32},
            {"filters": 64, "dropout": dropout},
            {"filters": 64, "pool": "none", "normalization": "batch", "bias": True},
        ],
        "head": {"pool": "average"},
    }


def lenet_5(*, activation: Choice = "tanh", pool: str = "average") -> dict[str, Any]:
    """LeNet-5 on color images, 32x32 (LeCun et al. 1998, with all maps connected).

    Args:
        activation: after each convolution, a key of `registry.ACTIVATIONS`, or a table.
        pool: after each convolution, a key of `registry.POOLS`.
    """
    return {
        "kernel": 5,
        "padding": 0,
        "pool": pool,
        "normalization": "none",
        "activation": activation,
        "initialization": "glorot-uniform",
        "blocks": [{"filters": 6}, {"filters": 16}],
        "head": {"pool": "flatten", "hidden": [120, 84], "activation": activation},
    }
