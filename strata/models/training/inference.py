"""Class scores of images from a network, with test-time augmentation; loss and accuracy of them."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from strata.models.architectures.builder import Network
from strata.models.runtime import distributed
from strata.models.runtime.devices import deterministic_cuda, mixed_precision
from strata.models.runtime.image_source import StreamedTensor
from strata.models.training.augment import reflect_index
from strata.models.training.batches import Images

#: Padding for several views of a whole image, share of its width.
MARGIN = 0.1
#: Share of a training's time that watching held-out images may add.
WATCH_SHARE = 0.06
#: Time that a prediction takes, as a share of a training step on as many images: a forward pass,
#: where a step has a backward pass of twice the work, augmentation and the optimizer besides.
PREDICTION_COST = 0.33


@torch.inference_mode()
def predict(
    network: Network,
    pixels: Tensor | StreamedTensor,
    *,
    window: int | None = None,
    views: int = 1,
    flip: bool = False,
    batch_size: int = 64,
) -> Tensor:
    """Class scores (n, classes) float32 of images, the mean over the views of each.

    Args:
        network: on the images' device.
        pixels: (n, image_size, image_size, 3) uint8.
        window: width of the crop that the network takes; None: the whole image.
        views: views x views crops, spread evenly from edge to edge; 1: the center crop. Several
            views of a whole image are crops of the image with reflection padding of `MARGIN`.
        flip: add each view's mirror image.
        batch_size: images at a time.
    """
    network.eval()
    size = pixels.shape[1]
    window = size if window is None else window
    margin = round(MARGIN * size) if views > 1 and window == size else 0
    starts = window_starts(size + 2 * margin, window, views)
    padded = reflect_index(torch.arange(-margin, size + margin, device=pixels.device), size)
    corners = [(y, x) for y in starts for x in starts]
    scores = [torch.zeros((0, network.num_classes), device=pixels.device)]
    with deterministic_cuda(), mixed_precision(pixels.device, large=network.large):
        for batch in pixels.split(batch_size):
            if margin:
                batch = batch[:, padded][:, :, padded]
            crops = [batch[:, y : y + window, x : x + window] for y, x in corners]
            crops += [crop.flip(2) for crop in crops] if flip else []
            total = sum(network(crop.permute(0, 3, 1, 2)).float() for crop in crops)
            scores.append(total / len(crops))
    return torch.cat(scores)


def center_crops(pixels: NDArray[np.uint8], window: int) -> NDArray[np.uint8]:
    """The center crop (n, window, window, 3) of square images (n, size, size, 3)."""
    (start,) = window_starts(pixels.shape[1], window, 1)
    inner = slice(start, start + window)
    return pixels[:, inner, inner]


def window_starts(size: int, window: int, views: int) -> list[int]:
    """First pixels of some crops along an axis of `size` pixels; a single one is centered."""
    if views == 1:
        return [(size - window) // 2]
    return sorted({round(i * (size - window) / (views - 1)) for i in range(views)})


def watch_interval(watched: int, trained: int) -> int:
    """Epochs from one look at the watched images to the next, so that all keep `WATCH_SHARE`.

    It depends on the numbers of images alone, so that a history has the same entries on every
    machine: 1 in cross-validation with 7 folds or more, 2 with 4 to 6, 3 with 3, 6 with 2.

    Args:
        watched: images that are watched.
        trained: images (or views) of an epoch.
    """
    return max(1, math.ceil(watched * PREDICTION_COST / (trained * WATCH_SHARE)))


def evaluate(
    network: Network, images: Images, *, window: int, class_weights: Tensor | None
) -> tuple[float, float]:
    """Cross-entropy and accuracy on images without augmentation, the same in all processes.

    Args:
        network: is left in evaluation mode; nothing else of it changes.
        images: on the network's device.
        window: width of the center crop that the network takes.
        class_weights: (classes,) of the loss; None: every image counts alike.
    """
    scores = predict(network, images.pixels, window=window)
    correct = (scores.argmax(1) == images.labels).float().mean()
    loss = functional.cross_entropy(scores, images.labels, class_weights)
    results = torch.stack([loss, correct])
    distributed.broadcast_from_first([results])  # so that all processes stop at one epoch
    found_loss, accuracy = results.tolist()
    return found_loss, accuracy
