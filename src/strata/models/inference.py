"""Class scores of images from a trained network."""

import torch
from torch import Tensor

from strata.models.builder import Network
from strata.models.devices import deterministic_cuda, mixed_precision


@torch.inference_mode()
def predict(
    network: Network,
    pixels: Tensor,
    *,
    window: int | None = None,
    corners: bool = False,
    flip: bool = False,
    batch: int = 64,
) -> Tensor:
    """Class scores (n, classes) float32 of images, the mean over one view of each or several.

    Args:
        network: on the images' device.
        pixels: (n, side, side, 3) uint8.
        window: side of the square that the network sees; None: the whole image.
        corners: see the windows in the four corners beside the one in the middle.
        flip: see each view's mirror image too.
        batch: images at a time.
    """
    network.eval()
    side = pixels.shape[1]
    window = side if window is None else window
    middle = (side - window) // 2
    places = [(middle, middle)]
    if corners and window < side:
        places += [(y, x) for y in (0, side - window) for x in (0, side - window)]
    scores = [pixels.new_zeros((0, network.classes)).float()]
    with deterministic_cuda(), mixed_precision(pixels.device):
        for part in pixels.split(batch):
            views = [part[:, y : y + window, x : x + window] for y, x in places]
            views += [view.flip(2) for view in views] if flip else []
            each = [network(view.permute(0, 3, 1, 2)).float() for view in views]
            scores.append(torch.stack(each).mean(0))
    return torch.cat(scores)
