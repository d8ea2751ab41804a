"""Class scores of images from a trained network."""

import torch
from torch import Tensor

from strata.models.builder import Network
from strata.models.devices import deterministic_cuda, mixed_precision


@torch.inference_mode()
def predict(network: Network, pixels: Tensor, *, flip: bool = False, batch: int = 64) -> Tensor:
    """Class scores (n, classes) float32 of images (n, side, side, 3) uint8, on their device.

    With `flip`, the mean over each image and its mirror image.
    """
    network.eval()
    scores = []
    with deterministic_cuda(), mixed_precision(pixels.device):
        for part in pixels.split(batch):
            x = part.permute(0, 3, 1, 2)
            y = network(x).float()
            scores.append((y + network(x.flip(3)).float()) / 2 if flip else y)
    return torch.cat(scores) if scores else pixels.new_zeros((0, network.classes)).float()
