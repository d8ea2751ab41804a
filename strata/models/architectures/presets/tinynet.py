"""Descriptions of TinyNet (the paper's smallest network: strided convolutions) and variants."""

from collections.abc import Sequence
from typing import Any

from strata.models.architectures.choices import Choice


def tinynet(
    widths: Sequence[int] = (32, 64, 128, 256),
    *,
    depthwise: bool = False,
    activation: Choice = "relu",
    normalization: Choice = "batch",
    initialization: str = "he-normal",
) -> dict[str, Any]:
    """TinyNet: blocks of one 3x3 convolution with stride 2 and padding 1, average pool, linear.

    Convolutions have no bias where a normalization follows. The depthwise version separates
    every convolution, the first one too, into a spatial filter per channel and a 1x1 convolution,
    each normalized.

    Args:
        widths: output channels of the blocks.
        depthwise: depthwise separable convolutions (8 times fewer parameters).
        activation: after each convolution, a key of `registry.ACTIVATIONS`, or a table.
        normalization: after each convolution, a key of `registry.NORMALIZATIONS`, or a table.
        initialization: of the weights, a key of `registry.INITIALIZATIONS`.

    Returns:
        A description that `builder.build` and `NetworkClassifier` take.
    """
    return {
        "kernel": 3,
        "stride": 2,
        "padding": 1,
        "convolution": "depthwise" if depthwise else "full",
        "activation": activation,
        "normalization": normalization,
        "initialization": initialization,
        "blocks": [{"filters": width} for width in widths],
        "head": {"pool": "average"},
    }


def tinynet_residual(
    widths: Sequence[int] = (24, 48, 96, 160),
    *,
    depth: int = 1,
    kernel: int = 3,
    residual: bool = True,
    activation: Choice = "relu",
    normalization: Choice = "batch",
    initialization: str = "he-normal",
) -> dict[str, Any]:
    """TinyNet with residual blocks at its middle resolutions: 39 k parameters.

    The first convolution is a full one: depthwise, with a filter per color, it could not detect
    edges between colors. All others are depthwise separable.

    Args:
        widths: output channels at half, a quarter, an eighth, ... of the image size.
        depth: blocks that keep the size at each resolution but the first and the last.
        kernel: width of the depthwise filters; a larger one sees more of the image for few
            parameters, as most are in the 1x1 convolutions.
        residual: True if these add their input; False shows what residuals do for deep networks.
        activation: after each convolution, a key of `registry.ACTIVATIONS`, or a table.
        normalization: after each convolution, a key of `registry.NORMALIZATIONS`, or a table.
        initialization: of the weights, a key of `registry.INITIALIZATIONS`.

    Raises:
        ValueError: a negative depth, no kernel, or fewer than two widths.
    """
    if depth < 0 or kernel < 1:
        raise ValueError("depth is 0 or more, and kernel 1 or more")
    first, *middle, last = widths
    stem = {"filters": first, "kernel": 3, "stride": 2, "convolution": "full"}
    blocks: list[dict[str, Any]] = [stem]
    for width in middle:
        blocks.append({"filters": width, "stride": 2})
        blocks += [{"filters": width, "residual": residual}] * depth
    blocks.append({"filters": last, "stride": 2})
    return {
        "kernel": kernel,
        "convolution": "depthwise",
        "activation": activation,
        "normalization": normalization,
        "initialization": initialization,
        "blocks": blocks,
    }


def tinynet_micro(*, activation: Choice = "relu") -> dict[str, Any]:
    """TinyNet with a residual block and fewer than 4,000 parameters, for 8 classes.

    Depthwise filters are 5x5: with 3x3 the last map would see 23 pixels of the image, not 43.

    Args:
        activation: after each convolution, a key of `registry.ACTIVATIONS`, or a table.
    """
    return tinynet_residual((12, 22, 36), kernel=5, activation=activation)
