"""Unsupervised pretraining: a stack of denoising autoencoders, block by block."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from strata.models.architectures.builder import Network
from strata.models.architectures.dropout import seed_dropout
from strata.models.runtime.devices import deterministic_cuda
from strata.models.training.batches import batch_bounds
from strata.seeds import derive, generator

#: Standard deviation of the noise, in units of that of a block's input.
NOISE_STD = 0.5
#: Learning rate of Adam.
LR = 0.003


class Autoencoder(nn.Module):
    """A block as encoder, and a convolutional decoder from its output to its input."""

    def __init__(self, block: nn.Module, inputs: Tensor, seed: int) -> None:
        super().__init__()
        self.block = block
        with torch.no_grad():
            channels = block.eval()(inputs).shape[1]
        with torch.random.fork_rng(devices=[]):
            self.decoder = nn.Conv2d(channels, inputs.shape[1], 3, padding=1)
        torch.nn.init.kaiming_normal_(
            self.decoder.weight, generator=torch.Generator().manual_seed(seed)
        )
        assert self.decoder.bias is not None
        torch.nn.init.zeros_(self.decoder.bias)
        self.to(inputs.device).to(memory_format=torch.channels_last)

    def forward(self, noisy: Tensor) -> Tensor:
        """Reconstruction of the block's input without the noise."""
        larger = functional.interpolate(self.block(noisy), noisy.shape[2:], mode="nearest")
        return self.decoder(larger)


def pretrain(
    network: Network, images: Tensor, *, epochs: int, batch_size: int = 64, seed: int = 0
) -> list[list[float]]:
    """Train each block to remove noise from its input, earlier blocks frozen, in place.

    A stack of denoising autoencoders (Vincent et al. 2010): the first block reconstructs the
    standardized images, each later one the output of the blocks before it. The head is not
    trained.

    Args:
        network: on the images' device.
        images: (n, 3, image_size, image_size) uint8, n at least 2.
        epochs: for each block.
        batch_size: images per gradient step.
        seed: of the decoders' weights, the order of images and the noise.

    Returns:
        for each block, the mean squared error by epoch, as a share of its input's variance.
    """
    losses: list[list[float]] = []
    for number, block in enumerate(network.blocks):
        below = network.blocks[:number].eval()
        with torch.no_grad():
            inputs = below(network.standardize(images[:batch_size]))
        coder = Autoencoder(block, inputs, derive(seed, "decoder", number))
        optimizer = torch.optim.Adam(coder.parameters(), lr=LR)
        losses.append([])
        for epoch in range(epochs):
            order = generator(seed, "order", number, epoch).permutation(len(images))
            noise = torch.Generator(images.device).manual_seed(derive(seed, number, epoch))
            seed_dropout(coder, derive(seed, "dropout", number, epoch), images.device)
            coder.train()
            total = 0.0
            with deterministic_cuda():
                for rows in batch_bounds(len(images), batch_size):
                    with torch.no_grad():
                        inputs = below(network.standardize(images[order[rows]]))
                    total += _step(coder, optimizer, inputs, noise) * len(inputs)
            losses[-1].append(total / len(images))
    network.train()
    return losses


def _step(
    coder: Autoencoder, optimizer: torch.optim.Optimizer, inputs: Tensor, noise: torch.Generator
) -> float:
    """One gradient step; returns the mean squared error as a share of the inputs' variance."""
    variance = inputs.var()
    scale = torch.where(variance > 0, variance, 1.0)  # constant inputs: no division by 0
    draw = torch.randn(inputs.shape, generator=noise, device=inputs.device)
    loss = functional.mse_loss(coder(inputs + NOISE_STD * variance.sqrt() * draw), inputs) / scale
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()
