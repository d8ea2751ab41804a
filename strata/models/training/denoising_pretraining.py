"""Unsupervised pretraining: a stack of denoising autoencoders, layer by layer."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from strata.errors import InputError
from strata.models.architectures.body import body_layers
from strata.models.architectures.builder import Network
from strata.models.architectures.dropout import seed_dropout
from strata.models.runtime.devices import deterministic_cuda
from strata.models.runtime.image_source import StreamedTensor
from strata.models.training.batches import batch_bounds
from strata.seeds import derive, generator

#: Standard deviation of the noise, in units of that of a layer's input.
NOISE_STD = 0.5
#: Learning rate of Adam.
LR = 0.003


class Autoencoder(nn.Module):
    """A layer as encoder, and a decoder from its output to its input.

    The decoder of maps (b, channels, h, w) is a 3x3 convolution of the output enlarged to the
    input's size, that of vectors (b, units) a linear layer.
    """

    def __init__(self, layer: nn.Module, inputs: Tensor, seed: int) -> None:
        super().__init__()
        self.layer = layer
        with torch.no_grad():
            code = layer.eval()(inputs)
        with torch.random.fork_rng(devices=[]):
            self.decoder: nn.Conv2d | nn.Linear = (
                nn.Conv2d(code.shape[1], inputs.shape[1], 3, padding=1)
                if code.dim() == 4
                else nn.Linear(code.shape[1], inputs.shape[1])
            )
        torch.nn.init.kaiming_normal_(
            self.decoder.weight, generator=torch.Generator().manual_seed(seed)
        )
        assert self.decoder.bias is not None
        torch.nn.init.zeros_(self.decoder.bias)
        self.to(inputs.device).to(memory_format=torch.channels_last)

    def forward(self, noisy: Tensor) -> Tensor:
        """Reconstruction of the layer's input without the noise."""
        code = self.layer(noisy)
        if code.dim() == 4:
            code = functional.interpolate(code, noisy.shape[2:], mode="nearest")
        return self.decoder(code)


def pretrain(
    network: Network,
    images: Tensor | StreamedTensor,
    *,
    window: int,
    epochs: int,
    batch_size: int = 64,
    seed: int = 0,
) -> dict[str, list[float]]:
    """Train each layer to remove noise from its input, earlier layers frozen, in place.

    A stack of denoising autoencoders (Vincent et al. 2010): the first layer reconstructs the
    standardized images, each later one the output of the layers before it. Layers are the blocks,
    with their branches, and the hidden layers of the head. Not pretrained are layers without
    weights (pooling), auxiliary heads, and the last layer, which gives the class scores.

    Args:
        network: on the images' device.
        images: (n, image_size, image_size, 3) uint8, n at least 2.
        window: width of the crops that the network takes, from a new place for each batch.
        epochs: for each layer.
        batch_size: images per gradient step.
        seed: of the decoders' weights, the order and crops of images, and the noise.

    Returns:
        for each layer by name (see `body_layers`), the mean squared error by epoch, as a share of
        its input's variance.

    Raises:
        InputError: the network has no layer to pretrain.
    """
    n = images.shape[0]
    losses: dict[str, list[float]] = {}
    below: list[Callable[[Tensor], Tensor]] = [network.standardize]
    network.eval()

    @torch.no_grad()
    def inputs(rows: np.ndarray, rng: np.random.Generator) -> Tensor:
        x, y = rng.integers(0, images.shape[1] - window + 1, 2)
        pixels = images.index_select(0, torch.from_numpy(rows).to(images.device))
        values = pixels[:, y : y + window, x : x + window].permute(0, 3, 1, 2)
        for layer in below:
            values = layer(values)
        return values

    for name, layer in body_layers(network):
        if isinstance(layer, nn.Module) and next(layer.parameters(), None) is not None:
            some = inputs(np.arange(min(batch_size, n)), generator(seed, "window"))
            coder = Autoencoder(layer, some, derive(seed, "decoder", len(losses)))
            losses[name] = _train(
                coder,
                inputs,
                n,
                epochs=epochs,
                batch_size=batch_size,
                seed=seed,
                number=len(losses),
            )
        below.append(layer)
    network.train()
    if not losses:
        raise InputError(
            "The network has no layer to pretrain: its only one gives the class scores.",
            "Take pretrain_epochs = 0, or an architecture with blocks or hidden layers.",
        )
    return losses


def _train(
    coder: Autoencoder,
    inputs: Callable[[np.ndarray, np.random.Generator], Tensor],
    n: int,
    *,
    epochs: int,
    batch_size: int,
    seed: int,
    number: int,
) -> list[float]:
    """Train one autoencoder on the inputs of n images; returns the loss by epoch.

    Args:
        inputs: of the layer, for rows of the images; draws the place of the crop.
        number: of the layer, for the seeds.
    """
    optimizer = torch.optim.Adam(coder.parameters(), lr=LR)
    device = coder.decoder.weight.device
    losses = []
    for epoch in range(epochs):
        rng = generator(seed, "order", number, epoch)
        order = rng.permutation(n)
        noise = torch.Generator(device).manual_seed(derive(seed, number, epoch))
        seed_dropout(coder, derive(seed, "dropout", number, epoch), device)
        coder.train()
        total = 0.0
        with deterministic_cuda():
            for rows in batch_bounds(n, batch_size):
                batch = inputs(order[rows], rng)
                total += _step(coder, optimizer, batch, noise) * len(batch)
        losses.append(total / n)
    coder.eval()
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
