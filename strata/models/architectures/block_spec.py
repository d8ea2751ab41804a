"""Description of a network's blocks: convolutions, pooling alone, parallel branches."""

from dataclasses import dataclass

from strata.errors import InputError, nearest
from strata.models.architectures.choices import Choice, check_choice
from strata.models.architectures.registry import ACTIVATIONS, CONVOLUTIONS, NORMALIZATIONS, POOLS

#: One number for both axes, or (height, width).
Size = int | tuple[int, ...]


@dataclass(frozen=True)
class Pooling:
    """Description of pooling alone.

    Attributes:
        pool: a key of `registry.POOLS`.
        pool_size: width and height of its windows.
        pool_stride: from window to window; 0: the windows' size.
        pool_padding: pixels on each side; -1 is (pool_size - 1) // 2, which keeps the size at
            stride 1 for odd sizes. Zeros for the average, no values for maximum and minimum.
    """

    pool: str
    pool_size: int = 2
    pool_stride: int = 0
    pool_padding: int = -1

    def check(self) -> None:
        """Raise `InputError` for values that no network can be built from."""
        if self.pool in ("max-3", "average-3"):
            kind = self.pool.removesuffix("-3")
            raise InputError(
                f"Unknown pool '{self.pool}' in a block.",
                f'It is pool = "{kind}", pool_size = 3, pool_stride = 1 now.',
            )
        if self.pool not in POOLS:
            raise InputError(f"Unknown pool '{self.pool}' in a block.", nearest(self.pool, POOLS))
        if self.pool_size < 1 or self.pool_stride < 0:
            raise InputError("A pool_size must be at least 1, and a pool_stride at least 0.")
        if not -1 <= self.pool_padding <= self.pool_size // 2:
            raise InputError("A pool_padding must be -1 or from 0 to half of the pool_size.")


@dataclass(frozen=True)
class Block:
    """Description of one block of convolutions.

    `repeat` convolutions follow one another, each with normalization and activation; the first
    carries the stride. With `residual` their input is added before the last activation, through a
    1x1 convolution where the shapes differ. Squeeze-and-excitation comes before that sum; pooling
    and dropout come last.

    Attributes:
        filters: output channels.
        kernel: of the convolutions, width and height or (height, width).
        stride: of the first convolution.
        padding: pixels on each side, one number or (height, width); -1 is kernel // 2 ("same"),
            which keeps the size at stride 1 for odd kernels.
        convolution: "full", or "depthwise": one spatial filter per channel, normalized, then a
            1x1 convolution across channels (Howard et al. 2017).
        repeat: number of convolutions.
        normalization: a key of `registry.NORMALIZATIONS`, or a table (see `choices`).
        activation: a key of `registry.ACTIVATIONS`, or a table.
        activation_first: normalization after the activation, not before it.
        between: depthwise only: an activation also between the spatial and the 1x1 convolution.
        bias: True if convolutions have a bias; None: unless a normalization that has a shift of its
            own follows at once.
        residual: True if the block's input is added to its output.
        squeeze: hidden width of squeeze-and-excitation (Hu et al. 2018); 0: none.
        pool, pool_size, pool_stride, pool_padding: as in `Pooling`.
        dropout: share of whole feature maps dropped in training.
        unit_dropout: share of single units dropped in training.
    """

    filters: int
    kernel: Size = 3
    stride: int = 1
    padding: Size = -1
    convolution: str = "full"
    repeat: int = 1
    normalization: Choice = "batch"
    activation: Choice = "relu"
    activation_first: bool = False
    between: bool = True
    bias: bool | None = None
    residual: bool = False
    squeeze: int = 0
    pool: str = "none"
    pool_size: int = 2
    pool_stride: int = 0
    pool_padding: int = -1
    dropout: float = 0.0
    unit_dropout: float = 0.0

    @property
    def pooling(self) -> Pooling:
        """The pooling after the convolutions."""
        return Pooling(self.pool, self.pool_size, self.pool_stride, self.pool_padding)

    @property
    def kernel_pair(self) -> tuple[int, int]:
        """Height and width of the convolutions."""
        return pair(self.kernel)

    @property
    def padding_pair(self) -> tuple[int, int]:
        """Padding of height and width, pixels."""
        height, width = (
            kernel // 2 if padding < 0 else padding
            for kernel, padding in zip(self.kernel_pair, pair(self.padding), strict=True)
        )
        return height, width

    def check(self) -> None:
        """Raise `InputError` for values that no network can be built from."""
        if self.convolution not in CONVOLUTIONS:
            hint = nearest(self.convolution, CONVOLUTIONS)
            raise InputError(f"Unknown convolution '{self.convolution}' in a block.", hint)
        check_choice(self.normalization, NORMALIZATIONS, "normalization")
        check_choice(self.activation, ACTIVATIONS, "activation")
        self.pooling.check()
        for value, what in ((self.kernel, "kernel"), (self.padding, "padding")):
            sizes = value if isinstance(value, tuple) else (value,)
            if len(sizes) > 2 or any(type(size) is not int for size in sizes) or not sizes:
                raise InputError(f"A block's {what} is one number or [height, width], not {value}.")
        if min(self.filters, *self.kernel_pair, self.stride, self.repeat) < 1:
            raise InputError("A block's filters, kernel, stride and repeat must be at least 1.")
        if min(pair(self.padding)) < -1 or self.squeeze < 0:
            raise InputError("A block's padding must be at least -1 and its squeeze at least 0.")
        if any(p >= k for p, k in zip(self.padding_pair, self.kernel_pair, strict=True)):
            raise InputError("A block's padding must be smaller than its kernel.")
        if self.kernel_pair == (1, 1) and self.convolution == "depthwise":
            raise InputError("A depthwise convolution needs a kernel larger than 1.")
        for name in ("dropout", "unit_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(f"A block's {name} must be in [0, 1), not {getattr(self, name)}.")


@dataclass(frozen=True)
class Branches:
    """Description of parallel branches over one input, concatenated (Szegedy et al. 2015).

    Attributes:
        branches: sequences of blocks, all with the same total stride, which may branch again; an
            empty one is the identity.
    """

    branches: tuple[tuple["AnyBlock", ...], ...]

    def check(self) -> None:
        """Raise `InputError` for values that no network can be built from."""
        if not self.branches:
            raise InputError("A block's list of branches is empty.")
        for block in (block for branch in self.branches for block in branch):
            block.check()


AnyBlock = Block | Pooling | Branches


def pair(size: Size) -> tuple[int, int]:
    """Height and width of a size."""
    return (size, size) if isinstance(size, int) else (size[0], size[-1])
