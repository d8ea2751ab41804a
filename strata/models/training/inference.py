"""Class scores of images from a trained network."""

import torch
from torch import Tensor

from strata.models.architectures.builder import Network
from strata.models.runtime.devices import deterministic_cuda, mixed_precision
from strata.models.runtime.image_source import Streamed
from strata.models.training.augment import mirrored

#: How far the views of a whole image reach beyond its edges, share of the side.
MARGIN = 0.1


@torch.inference_mode()
def predict(
    network: Network,
    pixels: Tensor | Streamed,
    *,
    window: int | None = None,
    views: int = 1,
    flip: bool = False,
    batch: int = 64,
) -> Tensor:
    """Class scores (n, classes) float32 of images, the mean over one view of each or several.

    Args:
        network: on the images' device.
        pixels: (n, side, side, 3) uint8.
        window: side of the square that the network sees; None: the whole image.
        views: see views x views windows, spread evenly from edge to edge; 1: the middle one.
            Several views of the whole image reach beyond its edges by `MARGIN`, where it goes on
            as its mirror image.
        flip: see each view's mirror image too.
        batch: images at a time.
    """
    network.eval()
    side = pixels.shape[1]
    window = side if window is None else window
    margin = round(MARGIN * side) if views > 1 and window == side else 0
    starts = window_starts(side + 2 * margin, window, views)
    lines = mirrored(torch.arange(-margin, side + margin, device=pixels.device), side)
    places = [(y, x) for y in starts for x in starts]
    scores = [torch.zeros((0, network.classes), device=pixels.device)]
    with deterministic_cuda(), mixed_precision(pixels.device, large=network.large):
        for part in pixels.split(batch):
            if margin:
                part = part[:, lines][:, :, lines]
            seen = [part[:, y : y + window, x : x + window] for y, x in places]
            seen += [view.flip(2) for view in seen] if flip else []
            total = sum(network(view.permute(0, 3, 1, 2)).float() for view in seen)
            scores.append(total / len(seen))
    return torch.cat(scores)


def window_starts(side: int, window: int, views: int) -> list[int]:
    """First pixels of some windows along a side; a single one lies in the middle."""
    if views == 1:
        return [(side - window) // 2]
    return sorted({round(i * (side - window) / (views - 1)) for i in range(views)})
