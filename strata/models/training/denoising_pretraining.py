"""Learning from images without labels, block by block, before the training proper."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from strata.models.architectures.builder import Network
from strata.models.architectures.dropout import seed_dropout
from strata.models.runtime.devices import deterministic_cuda
from strata.models.training.batches import batch_bounds
from strata.seeds import derive, generator

#: Deviation of the noise, in units of the deviation of what a block is given; rate of Adam.
NOISE, RATE = 0.5, 0.003


class Autoencoder(nn.Module):
    """A block, and a decoder from what it gives to what it was given."""

    def __init__(self, block: nn.Module, given: Tensor, seed: int) -> None:
        super().__init__()
        self.block = block
        with torch.no_grad():
            channels = block.eval()(given).shape[1]
        with torch.random.fork_rng(devices=[]):
            self.decoder = nn.Conv2d(channels, given.shape[1], 3, padding=1)
        torch.nn.init.kaiming_normal_(
            self.decoder.weight, generator=torch.Generator().manual_seed(seed)
        )
        assert self.decoder.bias is not None
        torch.nn.init.zeros_(self.decoder.bias)
        self.to(given.device).to(memory_format=torch.channels_last)

    def forward(self, noisy: Tensor) -> Tensor:
        """What the block was given, without the noise."""
        larger = functional.interpolate(self.block(noisy), noisy.shape[2:], mode="nearest")
        return self.decoder(larger)


def pretrain(
    network: Network, images: Tensor, *, epochs: int, batch: int = 64, seed: int = 0
) -> list[list[float]]:
    """Train each block to undo noise on its input, earlier blocks frozen, in place.

    A stack of denoising auto-encoders (Vincent et al. 2010): the first block restores the
    standardized images, each later one what the blocks before it make of them. The head stays
    as it is.

    Args:
        network: on the images' device.
        images: (n, 3, side, side) uint8, n at least 2.
        epochs: for each block.
        batch: images per step.
        seed: of decoders, order and noise.

    Returns:
        For each block, mean squared error by epoch, as a share of the input's variance.
    """
    losses: list[list[float]] = []
    for number, block in enumerate(network.blocks):
        below = network.blocks[:number].eval()
        with torch.no_grad():
            some = below(network.standardized(images[:batch]))
        coder = Autoencoder(block, some, derive(seed, "decoder", number))
        steps = torch.optim.Adam(coder.parameters(), lr=RATE)
        losses.append([])
        for epoch in range(epochs):
            order = generator(seed, "order", number, epoch).permutation(len(images))
            noise = torch.Generator(images.device).manual_seed(derive(seed, number, epoch))
            seed_dropout(coder, derive(seed, "dropout", number, epoch), images.device)
            coder.train()
            total = 0.0
            with deterministic_cuda():
                for rows in batch_bounds(len(images), batch):
                    with torch.no_grad():
                        given = below(network.standardized(images[order[rows]]))
                    total += _step(coder, steps, given, noise) * len(given)
            losses[-1].append(total / len(images))
    network.train()
    return losses


def _step(
    coder: Autoencoder, steps: torch.optim.Optimizer, given: Tensor, noise: torch.Generator
) -> float:
    variance = given.var()
    spread = torch.where(variance > 0, variance, 1.0)  # equal numbers have no share of it
    draw = torch.randn(given.shape, generator=noise, device=given.device)
    loss = functional.mse_loss(coder(given + NOISE * variance.sqrt() * draw), given) / spread
    steps.zero_grad()
    loss.backward()
    steps.step()
    return loss.item()
