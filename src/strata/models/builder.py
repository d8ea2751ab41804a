"""A network described in data, and the module built from the description."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from strata.errors import InputError, nearest
from strata.models.blocks import ACTIVATIONS, Block, ConvolutionBlock, Dropout
from strata.models.initialisation import INITIALISATIONS, initialise

HEAD_POOLS = ("average", "max", "flatten")
HEAD_NORMALISATIONS: dict[str, Callable[[int], nn.Module]] = {
    "none": lambda _: nn.Identity(),
    "batch": nn.BatchNorm1d,
    "layer": nn.LayerNorm,
}


@dataclass(frozen=True)
class Head:
    """From feature maps to class scores: pool, hidden layers with activation, linear.

    Attributes:
        pool: "average" or "max" over the whole map, or "flatten".
        hidden: widths of hidden linear layers.
        activation: of hidden layers.
        normalisation: of hidden layers, after the activation: "none", "batch" or "layer".
        dropout: share of units dropped before each linear layer.
    """

    pool: str = "average"
    hidden: tuple[int, ...] = ()
    activation: str = "relu"
    normalisation: str = "none"
    dropout: float = 0.0


@dataclass(frozen=True)
class Architecture:
    """A whole network: blocks, head, and how its weights start."""

    blocks: tuple[Block, ...]
    head: Head = field(default_factory=Head)
    initialisation: str = "he-normal"

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "Architecture":
        """Read a description made of plain dicts and lists, as TOML or JSON give it.

        `blocks` is a list of dicts with the fields of `Block`; block fields at the top level are
        the defaults of all blocks; `head` has the fields of `Head`.

        Raises:
            InputError: unknown or missing keys, values that no network can be built from.
        """
        own = {"blocks", "head", "initialisation"}
        block_keys = {f.name for f in fields(Block)}
        _known(description, own | block_keys, "an architecture")
        defaults = {key: value for key, value in description.items() if key not in own}
        blocks = []
        for given in description.get("blocks", []):
            _known(given, block_keys, "a block")
            if "filters" not in {**defaults, **given}:
                raise InputError("A block of the network has no 'filters'.")
            blocks.append(Block(**{**defaults, **given}))
        head = dict(description.get("head", {}))
        _known(head, {f.name for f in fields(Head)}, "a network's head")
        head["hidden"] = tuple(head.get("hidden", ()))
        network = cls(tuple(blocks), Head(**head), description.get("initialisation", "he-normal"))
        network.check()
        return network

    def to_dict(self) -> dict[str, Any]:
        """The description in full, in plain dicts and lists: `from_dict` reads it back."""
        plain = asdict(self)
        plain["blocks"] = list(plain["blocks"])
        plain["head"]["hidden"] = list(plain["head"]["hidden"])
        return plain

    def check(self) -> None:
        """Raise `InputError` for what cannot be built."""
        for block in self.blocks:
            block.check()
        for value, known, what in (
            (self.head.pool, HEAD_POOLS, "pool of the head"),
            (self.head.activation, ACTIVATIONS, "activation of the head"),
            (self.head.normalisation, HEAD_NORMALISATIONS, "normalisation of the head"),
            (self.initialisation, INITIALISATIONS, "initialisation"),
        ):
            if value not in known:
                raise InputError(f"Unknown {what} '{value}'.", nearest(value, known))


def _known(given: Mapping[str, Any], known: set[str], where: str) -> None:
    for key in given:
        if key not in known:
            raise InputError(f"Unknown key '{key}' in {where}.", nearest(key, known))


class Network(nn.Module):
    """Images (b, 3, side, side), uint8 or float in 0..255 -> class scores (b, classes) float32.

    The mean and deviation of the training images' channels are part of the network (buffers).
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, architecture: Architecture, side: int, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.register_buffer("mean", torch.full((3,), 127.5))
        self.register_buffer("deviation", torch.full((3,), 127.5))
        self.blocks = nn.Sequential()
        channels = 3
        for block in architecture.blocks:
            self.blocks.append(ConvolutionBlock(channels, block))
            channels = block.filters
        self.pool = architecture.head.pool
        self.head = _head(architecture.head, self._features(side), classes)

    @torch.no_grad()
    def standardise_by(self, pixels: NDArray[np.uint8]) -> None:
        """Take over the channels' mean and deviation over images (n, side, side, 3)."""
        channels = pixels.reshape(-1, 3)
        shares = [np.bincount(channel, minlength=256) / len(channels) for channel in channels.T]
        levels = np.arange(256)
        means = np.array([share @ levels for share in shares])
        variances = [share @ (levels - m) ** 2 for share, m in zip(shares, means, strict=True)]
        self.mean.copy_(torch.from_numpy(means))
        self.deviation.copy_(torch.from_numpy(np.sqrt(variances).clip(min=1.0)))

    def _features(self, side: int) -> int:
        """The length of the vector that enters the head, found by passing an empty image."""
        try:
            with torch.no_grad():
                return self.eval().embed(torch.zeros(1, 3, side, side)).shape[1]
        except (RuntimeError, ValueError) as error:
            raise InputError(
                f"Images of {side} pixels are too small for this network: a feature map vanishes.",
                "Use larger images, fewer strides and pools, or more padding.",
            ) from error

    def embed(self, images: Tensor) -> Tensor:
        """The vector before the head: (b, 3, side, side) -> (b, features)."""
        x = self.blocks(self._standardise(images))
        if self.pool == "average":
            return x.mean((2, 3))
        return x.amax((2, 3)) if self.pool == "max" else x.flatten(1)

    def _standardise(self, images: Tensor) -> Tensor:
        """Row by row of channels-last memory: long inner loops where pixels would give three."""
        side = images.shape[3]
        rows = images.permute(0, 2, 3, 1).flatten(2).float()
        rows = (rows - self.mean.repeat(side)) / self.deviation.repeat(side)
        return rows.unflatten(2, (side, 3)).permute(0, 3, 1, 2)

    def forward(self, images: Tensor) -> Tensor:
        """Class scores before the softmax."""
        return self.head(self.embed(images))


def _head(head: Head, features: int, classes: int) -> nn.Sequential:
    layers = nn.Sequential()
    for width in head.hidden:
        if head.dropout:
            layers.append(Dropout(head.dropout))
        layers.append(nn.Linear(features, width))
        layers.append(ACTIVATIONS[head.activation]())
        layers.append(HEAD_NORMALISATIONS[head.normalisation](width))
        features = width
    if head.dropout:
        layers.append(Dropout(head.dropout))
    layers.append(nn.Linear(features, classes))
    return layers


def build(
    architecture: Architecture | Mapping[str, Any],
    *,
    side: int,
    classes: int,
    seed: int = 0,
) -> Network:
    """Build a network with initial weights, on the CPU; torch's global generator is not touched.

    Args:
        architecture: the network, or its description (see `Architecture.from_dict`).
        side: pixels of the (square) input.
        classes: number of class scores.
        seed: of the initial weights.

    Raises:
        InputError: a description that no network can be built from.
    """
    if isinstance(architecture, Mapping):
        architecture = Architecture.from_dict(architecture)
    with torch.random.fork_rng(devices=[]):  # modules draw weights of their own accord
        network = Network(architecture, side, classes)
    initialise(network, architecture.initialisation, torch.Generator().manual_seed(seed))
    return network.train()
