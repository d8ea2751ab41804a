"""Dropout with a generator of its own, so that torch's global one is not drawn from."""

import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    """Drop channels of (b, channels, ...) in training, and scale up the others.

    Args:
        p: share that is dropped.
        axes: number of leading axes with a draw of their own: 2 drops whole channels, None single
            values.
    """

    def __init__(self, p: float, axes: int | None = 2) -> None:
        super().__init__()
        self.p = p
        self.axes = axes
        self.generator: torch.Generator | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Drop from maps or vectors (b, channels, ...)."""
        if not self.training:
            return x
        if self.generator is None:
            raise RuntimeError("Dropout needs a generator in training: see seed_dropout.")
        drawn = x.shape[: self.axes]
        kept = torch.rand(drawn, generator=self.generator, device=x.device) >= self.p
        return x * (kept / (1 - self.p)).view(kept.shape + (1,) * (x.dim() - kept.dim()))


def replace_dropout(network: nn.Module) -> None:
    """Replace torch's dropout layers, which draw from its global generator, by `Dropout`."""
    for name, module in list(network.named_modules()):
        if isinstance(module, nn.Dropout):
            network.set_submodule(name, Dropout(module.p, axes=None).train(module.training))


def seed_dropout(network: nn.Module, seed: int, device: torch.device) -> None:
    """Give all dropout layers of a network one generator, freshly seeded."""
    generator = torch.Generator(device).manual_seed(seed)
    for module in network.modules():
        if isinstance(module, Dropout):
            module.generator = generator
