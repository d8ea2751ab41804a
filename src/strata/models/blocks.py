"""The parts of a network: activations, normalisations, and one block of convolutions."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from strata.errors import InputError, nearest

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": lambda: nn.ReLU(inplace=True),
    "leaky-relu": lambda: nn.LeakyReLU(0.1, inplace=True),
    "elu": lambda: nn.ELU(inplace=True),
    "selu": lambda: nn.SELU(inplace=True),
    "gelu": nn.GELU,
    "silu": lambda: nn.SiLU(inplace=True),
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "none": nn.Identity,
}

NORMALISATIONS: dict[str, Callable[[int], nn.Module]] = {
    "none": lambda _: nn.Identity(),
    "batch": lambda channels: BatchNorm(channels),
    "group": lambda channels: nn.GroupNorm(_groups(channels), channels),
    "layer": lambda channels: nn.GroupNorm(1, channels),
    "local-response": lambda _: nn.LocalResponseNorm(5),
}

POOLS: dict[str, Callable[[], nn.Module]] = {
    "none": nn.Identity,
    "max": lambda: nn.MaxPool2d(2),
    "average": lambda: nn.AvgPool2d(2),
}

CONVOLUTIONS = ("full", "depthwise")


def _groups(channels: int) -> int:
    """The largest number of groups up to 8 that divides the channels (Wu and He 2018 use 32)."""
    return next(groups for groups in (8, 4, 2, 1) if channels % groups == 0)


@dataclass(frozen=True)
class Block:
    """One block, described in data.

    `repeat` convolutions follow one another, each with normalisation and activation; the first
    carries the stride. With `residual` their input is added before the last activation, through a
    1x1 convolution where the shapes differ. Squeeze-and-excitation, pooling (2x2) and dropout
    come last.

    Attributes:
        filters: output channels.
        kernel: side of the (square) convolution.
        stride: of the first convolution.
        padding: pixels on each side; -1 keeps the size at stride 1 ("same", kernel // 2).
        convolution: "full", or "depthwise": one spatial filter per channel, normalised, then a
            1x1 convolution across channels (Howard et al. 2017).
        repeat: convolutions in the block.
        normalisation: a key of `NORMALISATIONS`.
        activation: a key of `ACTIVATIONS`.
        between: depthwise only: an activation also between the spatial and the 1x1 convolution.
        bias: whether convolutions have one; None: only where no normalisation follows.
        residual: whether the block's input is added to its output.
        squeeze: hidden width of squeeze-and-excitation (Hu et al. 2018); 0: none.
        pool: a key of `POOLS`.
        dropout: share of whole feature maps dropped in training.
    """

    filters: int
    kernel: int = 3
    stride: int = 1
    padding: int = -1
    convolution: str = "full"
    repeat: int = 1
    normalisation: str = "batch"
    activation: str = "relu"
    between: bool = True
    bias: bool | None = None
    residual: bool = False
    squeeze: int = 0
    pool: str = "none"
    dropout: float = 0.0

    def check(self) -> None:
        """Raise `InputError` for a value that no network can be built from."""
        for value, known, what in (
            (self.convolution, CONVOLUTIONS, "convolution"),
            (self.normalisation, NORMALISATIONS, "normalisation"),
            (self.activation, ACTIVATIONS, "activation"),
            (self.pool, POOLS, "pool"),
        ):
            if value not in known:
                raise InputError(f"Unknown {what} '{value}' in a block.", nearest(value, known))
        if min(self.filters, self.kernel, self.stride, self.repeat) < 1:
            raise InputError("A block's filters, kernel, stride and repeat must be at least 1.")
        if self.padding < -1 or self.squeeze < 0:
            raise InputError("A block's padding must be at least -1 and its squeeze at least 0.")
        if self.padding >= self.kernel:
            raise InputError("A block's padding must be smaller than its kernel.")
        if self.kernel == 1 and self.convolution == "depthwise":
            raise InputError("A depthwise convolution needs a kernel larger than 1.")
        if not 0 <= self.dropout < 1:
            raise InputError(f"A block's dropout must be in [0, 1), not {self.dropout}.")


class Subsample(nn.Module):
    """Every `stride`-th pixel of (b, channels, h, w)."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Of (b, channels, h, w)."""
        return x[:, :, :: self.stride, :: self.stride]


def pointwise(channels: int, filters: int, stride: int, bias: bool) -> nn.Sequential:
    """A 1x1 convolution with a stride, as a choice of pixels and a convolution without.

    oneDNN's own strided 1x1 convolution of fewer than 8 channels, channels last, writes beyond
    its memory in the backward pass (oneDNN 6035, present in torch 2.15).
    """
    pixels = Subsample(stride) if stride > 1 else nn.Identity()
    return nn.Sequential(pixels, nn.Conv2d(channels, filters, 1, bias=bias))


def convolution(channels: int, block: Block, stride: int) -> nn.Sequential:
    """One convolution of a block with its normalisation, without the activation at the end."""
    normalise = NORMALISATIONS[block.normalisation]
    bias = block.normalisation == "none" if block.bias is None else block.bias
    padding = block.kernel // 2 if block.padding < 0 else block.padding
    if block.kernel == 1:
        return nn.Sequential(
            pointwise(channels, block.filters, stride, bias), normalise(block.filters)
        )
    if block.convolution == "full":
        spatial = nn.Conv2d(channels, block.filters, block.kernel, stride, padding, bias=bias)
        return nn.Sequential(spatial, normalise(block.filters))
    return nn.Sequential(
        nn.Conv2d(channels, channels, block.kernel, stride, padding, groups=channels, bias=bias),
        normalise(channels),
        ACTIVATIONS[block.activation]() if block.between else nn.Identity(),
        nn.Conv2d(channels, block.filters, 1, bias=bias),
        normalise(block.filters),
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
        self.squeeze = Squeeze(block.filters, block.squeeze) if block.squeeze else nn.Identity()
        self.activation = ACTIVATIONS[block.activation]()
        self.pool = POOLS[block.pool]()
        self.dropout = Dropout(block.dropout) if block.dropout else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Of (b, channels, h, w)."""
        y = self.squeeze(self.layers(x))
        if self.shortcut is not None:
            y = y + self.shortcut(x)
        return self.dropout(self.pool(self.activation(y)))


def _shortcut(channels: int, block: Block) -> nn.Module:
    """The identity where shapes allow it, else a strided 1x1 projection (He et al. 2016)."""
    if channels == block.filters and block.stride == 1:
        return nn.Identity()
    return nn.Sequential(
        pointwise(channels, block.filters, block.stride, bias=block.normalisation == "none"),
        NORMALISATIONS[block.normalisation](block.filters),
    )


class BatchNorm(nn.BatchNorm2d):
    """Batch normalisation (Ioffe and Szegedy 2015), quick for few channels too.

    torch's loops run along the channels of channels-last memory; of few channels they make no
    use of vectors, and it is quicker to bring each channel together first.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Of (b, channels, h, w)."""
        if self.num_features >= 8 or x.is_contiguous():
            return super().forward(x)
        return super().forward(x.contiguous()).contiguous(memory_format=torch.channels_last)


class Squeeze(nn.Module):
    """Squeeze-and-excitation: each channel weighed by what the whole map shows (Hu et al. 2018)."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.down = nn.Linear(channels, hidden)
        self.up = nn.Linear(hidden, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Of (b, channels, h, w)."""
        weights = torch.sigmoid(self.up(torch.relu(self.down(x.mean((2, 3))))))
        return x * weights[:, :, None, None]


class Dropout(nn.Module):
    """Drop channels of (b, channels, ...) with a generator of its own, not torch's global one."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self.generator: torch.Generator | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Of (b, channels, h, w)."""
        if not self.training:
            return x
        if self.generator is None:
            raise RuntimeError("Dropout needs a generator in training: see seed_dropout.")
        kept = torch.rand(x.shape[:2], generator=self.generator, device=x.device) >= self.share
        return x * (kept / (1 - self.share)).view(kept.shape + (1,) * (x.dim() - 2))


def seed_dropout(network: nn.Module, seed: int, device: torch.device) -> None:
    """Give all dropout layers of a network one generator, freshly seeded."""
    generator = torch.Generator(device).manual_seed(seed)
    for module in network.modules():
        if isinstance(module, Dropout):
            module.generator = generator
