"""Dropout that draws from a generator of its own, so that torch's global one is left alone."""

import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    """Drop channels of (b, channels, ...) in training, and scale up the others.

    Args:
        share: of what is dropped.
        axes: how many leading ones are drawn for: 2 is whole channels, None every number.
    """

    def __init__(self, share: float, axes: int | None = 2) -> None:
        super().__init__()
        self.share = share
        self.axes = axes
        self.generator: torch.Generator | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Of (b, channels, ...)."""
        if not self.training:
            return x
        if self.generator is None:
            raise RuntimeError("Dropout needs a generator in training: see seed_dropout.")
        drawn = x.shape[: self.axes]
        kept = torch.rand(drawn, generator=self.generator, device=x.device) >= self.share
        return x * (kept / (1 - self.share)).view(kept.shape + (1,) * (x.dim() - kept.dim()))


def own_dropout(network: nn.Module) -> None:
    """Put layers of this kind in place of torch's, which draw from its global generator."""
    for name, module in list(network.named_modules()):
        if isinstance(module, nn.Dropout):
            network.set_submodule(name, Dropout(module.p, axes=None).train(module.training))


def seed_dropout(network: nn.Module, seed: int, device: torch.device) -> None:
    """Give all dropout layers of a network one generator, freshly seeded."""
    generator = torch.Generator(device).manual_seed(seed)
    for module in network.modules():
        if isinstance(module, Dropout):
            module.generator = generator
