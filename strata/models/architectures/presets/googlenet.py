"""Descriptions of GoogLeNet with its auxiliary heads, and of a small network of its kind."""

from collections.abc import Sequence
from typing import Any

from strata.models.architectures.choices import Choice

#: Filters of GoogLeNet's nine inception blocks (Szegedy et al. 2015, table 1): 1x1; 1x1 before 3x3,
#: 3x3; 1x1 before 5x5, 5x5; 1x1 after pooling.
INCEPTION = (
    (64, 96, 128, 16, 32, 32),
    (128, 128, 192, 32, 96, 64),
    (192, 96, 208, 16, 48, 64),
    (160, 112, 224, 24, 64, 64),
    (128, 128, 256, 24, 64, 64),
    (112, 144, 288, 32, 64, 64),
    (256, 160, 320, 32, 128, 128),
    (256, 160, 320, 32, 128, 128),
    (384, 192, 384, 48, 128, 128),
)
#: Largest factor of the filters; beyond it no machine holds the network.
MOST_WIDTH = 16


def inception_block(filters: Sequence[int]) -> dict[str, Any]:
    """Four parallel branches: 1x1, 3x3 and 5x5 convolutions, and maximum pooling.

    1x1 convolutions reduce the channels before the larger convolutions, and after the pooling.

    Args:
        filters: six numbers, in the order of `INCEPTION`.
    """
    one, before_three, three, before_five, five, pooled = filters
    return {
        "branches": [
            [{"filters": one, "kernel": 1}],
            [{"filters": before_three, "kernel": 1}, {"filters": three}],
            [{"filters": before_five, "kernel": 1}, {"filters": five, "kernel": 5}],
            [{"pool": "max", "pool_size": 3, "pool_stride": 1}, {"filters": pooled, "kernel": 1}],
        ]
    }


def googlenet(
    width: float = 1.0,
    *,
    stem: str = "large",
    auxiliary_weight: float = 0.3,
    dropout: float = 0.4,
    normalization: Choice = "batch",
    activation: Choice = "relu",
    initialization: str = "he-normal",
) -> dict[str, Any]:
    """GoogLeNet with two auxiliary heads (Szegedy et al. 2015), after the first 4a and 4d blocks.

    Args:
        width: factor of all numbers of filters and hidden units, which are rounded to multiples of
            4; about 0.25 for images of 64 pixels.
        stem: "large", for images of 224 pixels: a 7x7 convolution of stride 2, pooling, 3x3; or
            "small", for images of 64: a 3x3 convolution of stride 2 takes the place of the first
            two.
        auxiliary_weight: of the auxiliary heads' losses; 0: no such heads.
        dropout: share of units dropped before the last layer; 0.7 in the auxiliary heads.
        normalization: after each convolution, a key of `registry.NORMALIZATIONS`, or a table. The
            original has "none", torchvision's "batch".
        activation: after each convolution, a key of `registry.ACTIVATIONS`, or a table.
        initialization: of the weights, a key of `registry.INITIALIZATIONS`.

    Returns:
        A description that `builder.build` and `NetworkClassifier` take.

    Raises:
        ValueError: another stem, or a width out of range.
    """
    if stem not in ("large", "small") or not 0 < width <= MOST_WIDTH:
        raise ValueError(f"stem is 'large' or 'small', and width above 0, {MOST_WIDTH} at most")

    def scaled(filters: int) -> int:
        return max(4, round(filters * width / 4) * 4)

    halved = {"pool": "max", "pool_size": 3, "pool_stride": 2}
    inception = [inception_block([scaled(n) for n in filters]) for filters in INCEPTION]
    first = {"kernel": 7, **halved} if stem == "large" else {}
    head = {"pool_size": 5, "pool_stride": 3, "filters": scaled(128), "hidden": [scaled(1024)]}
    head |= {"dropout": 0.7, "normalization": normalization, "activation": activation}
    weighted = {**head, "weight": auxiliary_weight}
    return {
        "normalization": normalization,
        "activation": activation,
        "initialization": initialization,
        "blocks": [
            {"filters": scaled(64), "stride": 2, **first},
            {"filters": scaled(64), "kernel": 1},
            {"filters": scaled(192), **halved},
            *inception[:2],
            halved,
            *inception[2:7],
            halved,
            *inception[7:],
        ],
        "auxiliary": [{"after": n, **weighted} for n in (7, 10)] if auxiliary_weight else [],
        "head": {"pool": "average", "dropout": dropout},
    }


def inception_small(
    *, normalization: Choice = "batch", activation: Choice = "relu", auxiliary_weight: float = 0.0
) -> dict[str, Any]:
    """Two convolutions and four inception blocks, for images of 64 pixels.

    Args:
        normalization: after each convolution, a key of `registry.NORMALIZATIONS`, or a table.
        activation: after each convolution, a key of `registry.ACTIVATIONS`, or a table.
        auxiliary_weight: of the loss of an auxiliary head after the second inception block; 0: no
            such head.
    """
    halved = {"pool": "max", "pool_size": 3, "pool_stride": 2}
    auxiliary = [{"after": 4, "filters": 32, "hidden": [64], "weight": auxiliary_weight}]
    return {
        "normalization": normalization,
        "activation": activation,
        "blocks": [
            {"filters": 16, "stride": 2},
            {"filters": 24, "stride": 2},
            inception_block([16, 12, 24, 4, 8, 8]),
            inception_block([24, 16, 32, 6, 12, 12]),
            halved,
            inception_block([32, 24, 48, 8, 16, 16]),
            inception_block([48, 32, 64, 8, 24, 24]),
        ],
        "auxiliary": auxiliary if auxiliary_weight else [],
    }
