"""Modules of a network's blocks, built from their descriptions."""

from functools import reduce

import torch
from torch import Tensor, nn

from strata.models.architectures.block_spec import AnyBlock, Block, Branches, Pooling
from strata.models.architectures.choices import Choice, name_of, options_of
from strata.models.architectures.dropout import Dropout
from strata.models.architectures.registry import (
    ACTIVATIONS,
    NORMALIZATIONS,
    POOLS,
    WITHOUT_SHIFT,
)


class Subsample(nn.Module):
    """Every `stride`-th pixel of (b, channels, h, w)."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Subsample maps (b, channels, h, w)."""
        return x[:, :, :: self.stride, :: self.stride]


def pointwise(channels: int, filters: int, stride: int, bias: bool) -> nn.Sequential:
    """A strided 1x1 convolution, as subsampling and a convolution without stride.

    oneDNN's own strided 1x1 convolution of fewer than 8 channels, channels last, writes beyond
    its memory in the backward pass (oneDNN 6035, present in torch 2.15).
    """
    pixels = Subsample(stride) if stride > 1 else nn.Identity()
    return nn.Sequential(pixels, nn.Conv2d(channels, filters, 1, bias=bias))


def activation(choice: Choice) -> nn.Module:
    """The module of an activation."""
    return ACTIVATIONS[name_of(choice)](**options_of(choice))


def normalization(choice: Choice, channels: int) -> nn.Module:
    """The module of a normalization of maps."""
    return NORMALIZATIONS[name_of(choice)](channels, **options_of(choice))


def pooling(spec: Pooling) -> nn.Module:
    """The module of pooling."""
    size = spec.pool_size
    padding = (size - 1) // 2 if spec.pool_padding < 0 else spec.pool_padding
    return POOLS[spec.pool](size, spec.pool_stride or size, padding)


class ConvolutionBlock(nn.Module):
    """The module that a `Block` describes: (b, channels, h, w) -> (b, filters, h', w')."""

    def __init__(self, channels: int, block: Block) -> None:
        super().__init__()
        filters, last = block.filters, block.repeat - 1
        self.layers = nn.Sequential()
        for i in range(block.repeat):
            layers = _convolution(filters if i else channels, block, 1 if i else block.stride)
            if i < last:
                layers += _activated(block, filters)
            elif not block.activation_first:
                layers.append(normalization(block.normalization, filters))
            self.layers.append(nn.Sequential(*layers))
        self.shortcut = _shortcut(channels, block) if block.residual else None
        self.squeeze = SqueezeExcitation(filters, block.squeeze) if block.squeeze else nn.Identity()
        self.activation = activation(block.activation)
        self.normalization = (
            normalization(block.normalization, filters) if block.activation_first else nn.Identity()
        )
        self.pool = pooling(block.pooling)
        self.dropout = Dropout(block.dropout) if block.dropout else nn.Identity()
        self.unit_dropout = (
            Dropout(block.unit_dropout, axes=None) if block.unit_dropout else nn.Identity()
        )

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block to maps: (b, channels, h, w) -> (b, filters, h', w')."""
        y = self.squeeze(self.layers(x))
        if self.shortcut is not None:
            y = y + self.shortcut(x)
        y = self.pool(self.normalization(self.activation(y)))
        return self.unit_dropout(self.dropout(y))


def _convolution(channels: int, block: Block, stride: int) -> list[nn.Module]:
    """One convolution of a block; a depthwise separable one with what stands between its parts."""
    kernel, filters, bias = block.kernel_pair, block.filters, _has_bias(block)
    if kernel == (1, 1):
        return [pointwise(channels, filters, stride, bias)]
    padding = block.padding_pair
    if block.convolution == "full":
        return [nn.Conv2d(channels, filters, kernel, stride, padding, bias=bias)]
    if block.between:
        between = _activated(block, channels)
    else:
        between, bias = [normalization(block.normalization, channels)], _has_bias(block, False)
    spatial = nn.Conv2d(channels, channels, kernel, stride, padding, groups=channels, bias=bias)
    return [spatial, *between, nn.Conv2d(channels, filters, 1, bias=_has_bias(block))]


def _activated(block: Block, channels: int) -> list[nn.Module]:
    """Normalization and activation in the block's order."""
    layers = [normalization(block.normalization, channels), activation(block.activation)]
    return layers[::-1] if block.activation_first else layers


def _has_bias(block: Block, activated: bool = True) -> bool:
    """True if a convolution has a bias: unless a normalization with a shift follows at once.

    Args:
        block: of the convolution.
        activated: True if an activation follows, before or after the normalization.
    """
    if block.bias is not None:
        return block.bias
    shiftless = name_of(block.normalization) in WITHOUT_SHIFT
    return shiftless or (activated and block.activation_first)


def _shortcut(channels: int, block: Block) -> nn.Module:
    """The identity where shapes allow it, else a strided 1x1 projection (He et al. 2016)."""
    if channels == block.filters and block.stride == 1:
        return nn.Identity()
    bias = name_of(block.normalization) in WITHOUT_SHIFT
    return nn.Sequential(
        pointwise(channels, block.filters, block.stride, bias=bias),
        normalization(block.normalization, block.filters),
    )


class SqueezeExcitation(nn.Module):
    """Squeeze-and-excitation: channels scaled by a gate on their global means (Hu et al. 2018)."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.down = nn.Linear(channels, hidden)
        self.up = nn.Linear(hidden, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Scale the channels of maps (b, channels, h, w)."""
        weights = torch.sigmoid(self.up(torch.relu(self.down(x.mean((2, 3))))))
        return x * weights[:, :, None, None]


class BranchingBlock(nn.Module):
    """The module that `Branches` describes."""

    def __init__(self, channels: int, block: Branches) -> None:
        super().__init__()
        self.branches = nn.ModuleList(block_sequence(channels, branch) for branch in block.branches)

    def forward(self, x: Tensor) -> Tensor:
        """Concatenate the branches' outputs for maps (b, channels, h, w) along channels."""
        return torch.cat([branch(x) for branch in self.branches], 1)


def block_sequence(channels: int, blocks: tuple[AnyBlock, ...]) -> nn.Sequential:
    """The modules of some blocks, one after the other."""
    modules = nn.Sequential()
    for block in blocks:
        if isinstance(block, Branches):
            modules.append(BranchingBlock(channels, block))
        elif isinstance(block, Pooling):
            modules.append(pooling(block))
        else:
            modules.append(ConvolutionBlock(channels, block))
        channels = output_channels(channels, block)
    return modules


def output_channels(channels: int, block: AnyBlock) -> int:
    """Channels of a block's output, for a number of channels of its input."""
    if isinstance(block, Pooling):
        return channels
    if isinstance(block, Block):
        return block.filters
    return sum(reduce(output_channels, branch, channels) for branch in block.branches)
