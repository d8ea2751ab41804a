"""Description of a network's blocks: blocks of convolutions, and blocks with branches."""

from dataclasses import dataclass

from strata.errors import InputError, nearest
from strata.models.architectures.registry import ACTIVATIONS, CONVOLUTIONS, NORMALIZATIONS, POOLS


@dataclass(frozen=True)
class Block:
    """Description of one block of convolutions.

    `repeat` convolutions follow one another, each with normalization and activation; the first
    carries the stride. With `residual` their input is added before the last activation, through a
    1x1 convolution where the shapes differ. Squeeze-and-excitation comes before that sum; pooling
    and dropout come last.

    Attributes:
        filters: output channels.
        kernel: width and height of the convolutions.
        stride: of the first convolution.
        padding: pixels on each side; -1 is kernel // 2 ("same"), which keeps the size
            at stride 1 for odd kernels.
        convolution: "full", or "depthwise": one spatial filter per channel, normalized, then a
            1x1 convolution across channels (Howard et al. 2017).
        repeat: number of convolutions.
        normalization: a key of `registry.NORMALIZATIONS`.
        activation: a key of `registry.ACTIVATIONS`.
        between: depthwise only: an activation also between the spatial and the 1x1 convolution.
        bias: True if convolutions have a bias; None: only where no normalization follows.
        residual: True if the block's input is added to its output.
        squeeze: hidden width of squeeze-and-excitation (Hu et al. 2018); 0: none.
        pool: a key of `registry.POOLS`.
        dropout: share of whole feature maps dropped in training.
    """

    filters: int
    kernel: int = 3
    stride: int = 1
    padding: int = -1
    convolution: str = "full"
    repeat: int = 1
    normalization: str = "batch"
    activation: str = "relu"
    between: bool = True
    bias: bool | None = None
    residual: bool = False
    squeeze: int = 0
    pool: str = "none"
    dropout: float = 0.0

    def check(self) -> None:
        """Raise `InputError` for values that no network can be built from."""
        for value, known, what in (
            (self.convolution, CONVOLUTIONS, "convolution"),
            (self.normalization, NORMALIZATIONS, "normalization"),
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


@dataclass(frozen=True)
class Branches:
    """Description of parallel branches over one input, concatenated (Szegedy et al. 2015).

    Attributes:
        branches: sequences of blocks, all with the same total stride; an empty one is the identity.
    """

    branches: tuple[tuple[Block, ...], ...]

    def check(self) -> None:
        """Raise `InputError` for values that no network can be built from."""
        if not self.branches:
            raise InputError("A block's list of branches is empty.")
        for block in (block for branch in self.branches for block in branch):
            block.check()
