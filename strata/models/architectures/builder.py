"""Torch module built from an architecture's description."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from strata.errors import InputError
from strata.models.architectures.architecture import Architecture
from strata.models.architectures.auxiliary_head import AuxiliaryHead
from strata.models.architectures.blocks import activation, block_sequence
from strata.models.architectures.dropout import Dropout
from strata.models.architectures.head_spec import Auxiliary, Head
from strata.models.architectures.initialization import initialize
from strata.models.architectures.registry import HEAD_NORMALIZATIONS, HEAD_POOLS
from strata.models.runtime.image_source import ImageSource, iter_blocks


class Network(nn.Module):
    """Network that an architecture describes.

    Images (b, channels, image_size, image_size), uint8 or float in 0..255, to class scores
    (b, classes) float32; 3 channels are the default, gray images have 1. The mean and standard
    deviation of the training images' channels are buffers of the network.

    Attributes:
        auxiliary: heads that are used in training only, by the name of the block before them
            ("block3"), in the order of the blocks.
        auxiliary_weights: of their losses, by the same names.
    """

    mean: Tensor
    deviation: Tensor
    large = False  #: see `devices.mixed_precision`

    def __init__(
        self, architecture: Architecture, image_size: int, num_classes: int, channels: int = 3
    ) -> None:
        super().__init__()
        self.num_classes, self.channels = num_classes, channels
        self.register_buffer("mean", torch.full((channels,), 127.5))
        self.register_buffer("deviation", torch.full((channels,), 127.5))
        self.blocks = block_sequence(channels, architecture.blocks)
        self.pool = HEAD_POOLS[architecture.head.pool]
        maps = self._maps(image_size)
        features = self.pool(maps[-1]).shape[1]
        self.head = _head(architecture.head, features, num_classes)
        auxiliary = sorted(architecture.auxiliary, key=lambda head: head.after)
        self.auxiliary = nn.ModuleDict(
            {f"block{a.after}": self._auxiliary_head(maps[a.after], a) for a in auxiliary}
        )
        self.auxiliary_weights = {f"block{a.after}": a.weight for a in auxiliary}

    @property
    def auxiliary_names(self) -> list[str]:
        """Layer that each auxiliary head follows, in the order of `all_scores`."""
        return list(self.auxiliary_weights)

    @torch.no_grad()
    def fit_standardization(self, images: ImageSource) -> None:
        """Set the mean and deviation of channels, from images (n, h, w, channels)."""
        counts = np.zeros((self.channels, 256), np.int64)
        for block in iter_blocks(images):  # bounded temporaries: bincount counts in int64
            channels = block.reshape(-1, self.channels).T
            counts += [np.bincount(channel, minlength=256) for channel in channels]
        shares = counts / counts[0].sum()
        levels = np.arange(256)
        means = np.array([share @ levels for share in shares])
        variances = [share @ (levels - m) ** 2 for share, m in zip(shares, means, strict=True)]
        self.mean.copy_(torch.from_numpy(means))
        self.deviation.copy_(torch.from_numpy(np.sqrt(variances).clip(min=1.0)))

    @torch.no_grad()
    def _maps(self, image_size: int) -> list[Tensor]:
        """An empty image as the blocks see it, and each block's output for it."""
        maps = [torch.zeros(1, self.channels, image_size, image_size)]
        try:
            for block in self.blocks.eval():
                maps.append(block(maps[-1]))
        except (RuntimeError, ValueError) as error:
            raise InputError(
                f"Images of {image_size} pixels do not pass through this network: "
                "a feature map vanishes, or branches shrink it differently.",
                "Use larger images, fewer strides and pools, or more padding.",
            ) from error
        return maps

    def _auxiliary_head(self, maps: Tensor, spec: Auxiliary) -> AuxiliaryHead:
        try:
            return AuxiliaryHead(maps, spec, self.num_classes)
        except RuntimeError as error:
            raise InputError(
                f"The auxiliary head after block {spec.after} pools over {spec.pool_size} pixels, "
                f"and the maps there have {maps.shape[2]} x {maps.shape[3]}.",
                "Use larger images, or fewer or smaller pools and strides.",
            ) from error

    def feature_maps(self, images: Tensor) -> Tensor:
        """Output of the last block: (b, channels, h, w)."""
        return self.blocks(self.standardize(images))

    def outputs(self, images: Tensor) -> tuple[Tensor]:
        """Inputs of the head before pooling: the last block's output alone."""
        return (self.feature_maps(images),)

    def embed(self, images: Tensor) -> Tensor:
        """Vector before the head: (b, channels, image_size, image_size) -> (b, features)."""
        return self.pool(self.feature_maps(images))

    def forward(self, images: Tensor) -> Tensor:
        """Class scores before the softmax."""
        return self.scores_of(self.feature_maps(images))

    def scores_of(self, maps: Tensor) -> Tensor:
        """Class scores for the last block's output."""
        return self.head(self.pool(maps))

    def all_scores(self, images: Tensor) -> list[tuple[float, Tensor]]:
        """Pairs of loss weight and class scores: of the head, then of each auxiliary head."""
        x, found = self.standardize(images), []
        for number, block in enumerate(self.blocks, start=1):
            x = block(x)
            name = f"block{number}"
            if name in self.auxiliary:
                found.append((self.auxiliary_weights[name], self.auxiliary[name](x)))
        return [(1.0, self.scores_of(x)), *found]

    def standardize(self, images: Tensor) -> Tensor:
        """Images (less their mean, over their deviation) as the first block takes them, float32."""
        # Row by row of channels-last memory: long inner loops where pixels would give three.
        width = images.shape[3]
        rows = images.permute(0, 2, 3, 1).flatten(2).float()
        rows = (rows - self.mean.repeat(width)) / self.deviation.repeat(width)
        return rows.unflatten(2, (width, self.channels)).permute(0, 3, 1, 2)


def _head(head: Head, features: int, num_classes: int) -> nn.Sequential:
    layers = nn.Sequential()
    for width in head.hidden:
        if head.dropout:
            layers.append(Dropout(head.dropout))
        layers.append(nn.Linear(features, width))
        layers.append(activation(head.activation))
        layers.append(HEAD_NORMALIZATIONS[head.normalization](width))
        features = width
    if head.dropout:
        layers.append(Dropout(head.dropout))
    layers.append(nn.Linear(features, num_classes))
    return layers


def build(
    architecture: str | Mapping[str, Any] | Architecture,
    *,
    image_size: int,
    num_classes: int,
    channels: int = 3,
    seed: int = 0,
) -> Network:
    """Build a network with initial weights, on the CPU; torch's global generator is not touched.

    Args:
        architecture: an `Architecture`, or its name or description (see `Architecture.of`).
        image_size: width and height of the input, pixels.
        num_classes: number of class scores.
        channels: of the images: 3, or 1 for gray ones.
        seed: of the initial weights.

    Raises:
        InputError: a description that no network can be built from.
    """
    architecture = Architecture.of(architecture)
    with torch.random.fork_rng(devices=[]):  # torch's modules draw weights when they are made
        network = Network(architecture, image_size, num_classes, channels)
    initialize(network, architecture.initialization, torch.Generator().manual_seed(seed))
    return network.train()
