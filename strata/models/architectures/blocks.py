"""Modules of a network's blocks, built from their descriptions."""

import torch
from torch import Tensor, nn

from strata.models.architectures.block_spec import Block, Branches
from strata.models.architectures.dropout import Dropout
from strata.models.architectures.registry import ACTIVATIONS, NORMALIZATIONS, POOLS


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


def convolution(channels: int, block: Block, stride: int) -> nn.Sequential:
    """One convolution of a block with its normalization, without the activation at the end."""
    normalize = NORMALIZATIONS[block.normalization]
    bias = block.normalization == "none" if block.bias is None else block.bias
    padding = block.kernel // 2 if block.padding < 0 else block.padding
    if block.kernel == 1:
        return nn.Sequential(
            pointwise(channels, block.filters, stride, bias), normalize(block.filters)
        )
    if block.convolution == "full":
        spatial = nn.Conv2d(channels, block.filters, block.kernel, stride, padding, bias=bias)
        return nn.Sequential(spatial, normalize(block.filters))
    return nn.Sequential(
        nn.Conv2d(channels, channels, block.kernel, stride, padding, groups=channels, bias=bias),
        normalize(channels),
        ACTIVATIONS[block.activation]() if block.between else nn.Identity(),
        nn.Conv2d(channels, block.filters, 1, bias=bias),
        normalize(block.filters),
    )


class ConvolutionBlock(nn.Module):
    """The module that a `Block` describes: (b, channels, h, w) -> (b, filters, h', w')."""

    def __init__(self, channels: int, block: Block) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for i in range(block.repeat):
            if i:
                layers.append(ACTIVATIONS[block.activation]())
            layers.append(
                convolution(block.filters if i else channels, block, 1 if i else block.stride)
            )
        self.layers = nn.Sequential(*layers)
        self.shortcut = _shortcut(channels, block) if block.residual else None
        self.squeeze = (
            SqueezeExcitation(block.filters, block.squeeze) if block.squeeze else nn.Identity()
        )
        self.activation = ACTIVATIONS[block.activation]()
        self.pool = POOLS[block.pool]()
        self.dropout = Dropout(block.dropout) if block.dropout else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block to maps: (b, channels, h, w) -> (b, filters, h', w')."""
        y = self.squeeze(self.layers(x))
        if self.shortcut is not None:
            y = y + self.shortcut(x)
        return self.dropout(self.pool(self.activation(y)))


def _shortcut(channels: int, block: Block) -> nn.Module:
    """The identity where shapes allow it, else a strided 1x1 projection (He et al. 2016)."""
    if channels == block.filters and block.stride == 1:
        return nn.Identity()
    return nn.Sequential(
        pointwise(channels, block.filters, block.stride, bias=block.normalization == "none"),
        NORMALIZATIONS[block.normalization](block.filters),
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


def block_sequence(channels: int, blocks: tuple[Block | Branches, ...]) -> nn.Sequential:
    """The modules of some blocks, one after the other."""
    modules = nn.Sequential()
    for block in blocks:
        if isinstance(block, Branches):
            modules.append(BranchingBlock(channels, block))
        else:
            modules.append(ConvolutionBlock(channels, block))
        channels = output_channels(channels, block)
    return modules


def output_channels(channels: int, block: Block | Branches) -> int:
    """Channels of a block's output, for a number of channels of its input."""
    if isinstance(block, Block):
        return block.filters
    return sum(branch[-1].filters if branch else channels for branch in block.branches)
