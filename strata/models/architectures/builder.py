"""The module built from a network's description."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from strata.errors import InputError
from strata.models.architectures.architecture import Architecture, Head
from strata.models.architectures.blocks import ACTIVATIONS, chain, filters
from strata.models.architectures.dropout import Dropout
from strata.models.architectures.initialization import initialize
from strata.models.architectures.normalization import BatchNorm1d
from strata.models.runtime.image_source import Pixels, blocks

HEAD_NORMALIZATIONS: dict[str, Callable[[int], nn.Module]] = {
    "none": lambda _: nn.Identity(),
    "batch": BatchNorm1d,
    "layer": nn.LayerNorm,
}


class Network(nn.Module):
    """Images (b, 3, side, side), uint8 or float in 0..255 -> class scores (b, classes) float32.

    The mean and deviation of the training images' channels are part of the network (buffers).
    """

    mean: Tensor
    deviation: Tensor
    large = False  #: see `devices.mixed_precision`

    def __init__(self, architecture: Architecture, side: int, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.register_buffer("mean", torch.full((3,), 127.5))
        self.register_buffer("deviation", torch.full((3,), 127.5))
        self.blocks = chain(3, architecture.blocks)
        channels = [3]
        for part in architecture.blocks:
            channels.append(filters(channels[-1], part))
        self.pool = architecture.head.pool
        self.head = _head(architecture.head, self._features(side), classes)
        self.auxiliary = nn.ModuleDict(
            {str(a.after): nn.Linear(channels[a.after], classes) for a in architecture.auxiliary}
        )
        self.auxiliary_weights = {str(a.after): a.weight for a in architecture.auxiliary}

    @torch.no_grad()
    def standardize_by(self, pixels: Pixels) -> None:
        """Take over the channels' mean and deviation over images (n, side, side, 3)."""
        counts = np.zeros((3, 256), np.int64)
        for block in blocks(pixels):  # bounded temporaries: bincount counts in int64
            channels = block.reshape(-1, 3).T
            counts += [np.bincount(channel, minlength=256) for channel in channels]
        shares = counts / counts[0].sum()
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
                f"Images of {side} pixels do not pass through this network: "
                "a feature map vanishes, or branches shrink it differently.",
                "Use larger images, fewer strides and pools, or more padding.",
            ) from error

    def maps(self, images: Tensor) -> Tensor:
        """What the last block makes of images: (b, channels, h, w)."""
        return self.blocks(self.standardized(images))

    def outputs(self, images: Tensor) -> tuple[Tensor]:
        """What the head looks at, before it is pooled."""
        return (self.maps(images),)

    def embed(self, images: Tensor) -> Tensor:
        """The vector before the head: (b, 3, side, side) -> (b, features)."""
        return self._pooled(self.maps(images))

    def forward(self, images: Tensor) -> Tensor:
        """Class scores before the softmax."""
        return self.scores_of(self.maps(images))

    def scores_of(self, maps: Tensor) -> Tensor:
        """Class scores of the last block's maps."""
        return self.head(self._pooled(maps))

    def all_scores(self, images: Tensor) -> list[tuple[float, Tensor]]:
        """The network's scores and those of its auxiliary heads, each with its loss's weight."""
        x, found = self.standardized(images), []
        for number, block in enumerate(self.blocks, start=1):
            x = block(x)
            if str(number) in self.auxiliary:
                scores = self.auxiliary[str(number)](x.mean((2, 3)))
                found.append((self.auxiliary_weights[str(number)], scores))
        return [(1.0, self.scores_of(x)), *found]

    def _pooled(self, x: Tensor) -> Tensor:
        if self.pool == "average":
            return x.mean((2, 3))
        return x.amax((2, 3)) if self.pool == "max" else x.flatten(1)

    def standardized(self, images: Tensor) -> Tensor:
        """Images as the first block sees them, float32, (b, 3, side, side)."""
        # Row by row of channels-last memory: long inner loops where pixels would give three.
        side = images.shape[3]
        rows = images.permute(0, 2, 3, 1).flatten(2).float()
        rows = (rows - self.mean.repeat(side)) / self.deviation.repeat(side)
        return rows.unflatten(2, (side, 3)).permute(0, 3, 1, 2)


def _head(head: Head, features: int, classes: int) -> nn.Sequential:
    layers = nn.Sequential()
    for width in head.hidden:
        if head.dropout:
            layers.append(Dropout(head.dropout))
        layers.append(nn.Linear(features, width))
        layers.append(ACTIVATIONS[head.activation]())
        layers.append(HEAD_NORMALIZATIONS[head.normalization](width))
        features = width
    if head.dropout:
        layers.append(Dropout(head.dropout))
    layers.append(nn.Linear(features, classes))
    return layers


def build(
    architecture: str | Mapping[str, Any] | Architecture,
    *,
    side: int,
    classes: int,
    seed: int = 0,
) -> Network:
    """Build a network with initial weights, on the CPU; torch's global generator is not touched.

    Args:
        architecture: the network, or its name or description (see `Architecture.of`).
        side: pixels of the (square) input.
        classes: number of class scores.
        seed: of the initial weights.

    Raises:
        InputError: a description that no network can be built from.
    """
    architecture = Architecture.of(architecture)
    with torch.random.fork_rng(devices=[]):  # modules draw weights of their own accord
        network = Network(architecture, side, classes)
    initialize(network, architecture.initialization, torch.Generator().manual_seed(seed))
    return network.train()
