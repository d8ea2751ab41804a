"""Description of a network's head, and of auxiliary heads."""

from dataclasses import dataclass

from strata.errors import InputError, nearest
from strata.models.architectures.choices import Choice, check_choice
from strata.models.architectures.registry import (
    ACTIVATIONS,
    HEAD_NORMALIZATIONS,
    HEAD_POOLS,
    NORMALIZATIONS,
)


@dataclass(frozen=True)
class Head:
    """Description of a head: pooling, hidden layers with activation, linear layer to class scores.

    Attributes:
        pool: "average" or "max" over the whole map, or "flatten".
        hidden: widths of the hidden linear layers.
        activation: of the hidden layers, a key of `registry.ACTIVATIONS`, or a table.
        normalization: of the hidden layers, after the activation: "none", "batch" or "layer".
        dropout: share of units dropped before each linear layer.
    """

    pool: str = "average"
    hidden: tuple[int, ...] = ()
    activation: Choice = "relu"
    normalization: str = "none"
    dropout: float = 0.0

    def check(self) -> None:
        """Raise `InputError` for values that no head can be built from."""
        for value, known, what in (
            (self.pool, HEAD_POOLS, "pool of the head"),
            (self.normalization, HEAD_NORMALIZATIONS, "normalization of the head"),
        ):
            if value not in known:
                raise InputError(f"Unknown {what} '{value}'.", nearest(value, known))
        check_choice(self.activation, ACTIVATIONS, "activation of the head")
        _check_hidden(self.hidden, self.dropout, "A head")


@dataclass(frozen=True)
class Auxiliary:
    """Description of an auxiliary head on an early block, in training only (Szegedy et al. 2015).

    Average pooling, a 1x1 convolution, hidden layers, dropout, linear layer to class scores; all
    but the pooling and the last layer are left out by default.

    Attributes:
        after: number of the block whose output is its input, from 1.
        weight: of its loss, which is added to the loss of the network's own scores.
        pool_size: width and height of the pooling windows; 0: the whole map.
        pool_stride: from window to window; 0: the windows' size.
        filters: of the 1x1 convolution; 0: none.
        hidden: widths of the hidden linear layers.
        dropout: share of units dropped before the last layer.
        normalization: of the convolution, a key of `registry.NORMALIZATIONS`, or a table.
        activation: of convolution and hidden layers, a key of `registry.ACTIVATIONS`, or a table.
    """

    after: int
    weight: float = 0.3
    pool_size: int = 0
    pool_stride: int = 0
    filters: int = 0
    hidden: tuple[int, ...] = ()
    dropout: float = 0.0
    normalization: Choice = "batch"
    activation: Choice = "relu"

    def check(self, blocks: int) -> None:
        """Raise `InputError` for values that no head can be built from, after one of `blocks`."""
        if not 1 <= self.after <= blocks or not self.weight >= 0:
            raise InputError(
                f"An auxiliary head after block {self.after} of {blocks}"
                f" with weight {self.weight} cannot be built.",
                "`after` counts blocks from 1; `weight` must not be negative.",
            )
        if min(self.pool_size, self.pool_stride, self.filters) < 0:
            raise InputError("An auxiliary head's pool_size, pool_stride, filters are 0 or more.")
        check_choice(self.normalization, NORMALIZATIONS, "normalization")
        check_choice(self.activation, ACTIVATIONS, "activation")
        _check_hidden(self.hidden, self.dropout, "An auxiliary head")


def _check_hidden(hidden: tuple[int, ...], dropout: float, whose: str) -> None:
    if not 0 <= dropout < 1:
        raise InputError(f"{whose}'s dropout must be in [0, 1), not {dropout}.")
    if any(type(width) is not int or width < 1 for width in hidden):
        raise InputError(f"{whose}'s 'hidden' holds widths, not {list(hidden)}.")
