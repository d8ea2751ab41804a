"""Dropout that draws from a generator of its own, so that torch's global one is left alone."""

import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    """Drop channels of (b, channels, ...) in training, and scale up the others."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self.generator: torch.Generator | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Of (b, channels, ...)."""
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
