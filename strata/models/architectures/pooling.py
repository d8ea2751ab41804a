"""Pooling that torch has no module for."""

from torch import Tensor, nn


class MinPool2d(nn.MaxPool2d):
    """Minimum over windows of maps (b, channels, h, w), with the arguments of `nn.MaxPool2d`."""

    def forward(self, x: Tensor) -> Tensor:
        """Pool maps (b, channels, h, w)."""
        lowest: Tensor = -super().forward(-x)
        return lowest
