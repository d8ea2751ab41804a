"""Auxiliary head: a second classifier on an early block, in training only."""

import torch
from torch import Tensor, nn

from strata.models.architectures.blocks import activation, normalization
from strata.models.architectures.choices import name_of
from strata.models.architectures.dropout import Dropout
from strata.models.architectures.head_spec import Auxiliary
from strata.models.architectures.registry import WITHOUT_SHIFT


class AuxiliaryHead(nn.Module):
    """The module that an `Auxiliary` describes (Szegedy et al. 2015, section 5).

    Args:
        maps: one input (1, channels, h, w), for its shape.
        spec: description.
        num_classes: number of class scores.

    Raises:
        RuntimeError: the maps are smaller than the pooling windows.
    """

    def __init__(self, maps: Tensor, spec: Auxiliary, num_classes: int) -> None:
        super().__init__()
        size, stride = spec.pool_size, spec.pool_stride or spec.pool_size
        self.pool = nn.AvgPool2d(size, stride) if size else nn.AdaptiveAvgPool2d(1)
        channels, self.convolution = maps.shape[1], nn.Sequential()
        if spec.filters:
            bias = name_of(spec.normalization) in WITHOUT_SHIFT
            self.convolution.append(nn.Conv2d(channels, spec.filters, 1, bias=bias))
            self.convolution.append(normalization(spec.normalization, spec.filters))
            self.convolution.append(activation(spec.activation))
            channels = spec.filters
        with torch.no_grad():
            features = channels * self.pool(maps[:, :1]).numel()
        self.head = nn.Sequential()
        for width in spec.hidden:
            self.head.append(nn.Linear(features, width))
            self.head.append(activation(spec.activation))
            features = width
        if spec.dropout:
            self.head.append(Dropout(spec.dropout))
        self.head.append(nn.Linear(features, num_classes))

    def forward(self, x: Tensor) -> Tensor:
        """Class scores before the softmax, of maps (b, channels, h, w)."""
        scores: Tensor = self.head(self.convolution(self.pool(x)).flatten(1))
        return scores
