"""Evidence maps of a network on images: over the views that a prediction is the mean of."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from strata.models.architectures.builder import Network
from strata.models.architectures.named_layers import activation_modules
from strata.models.estimators.grad_cam import (
    Score,
    class_score,
    gradient_times_input,
    network_grad_cam,
)
from strata.models.estimators.hidden_features import EMBEDDING
from strata.models.estimators.image_prediction import BaseImageClassifier
from strata.models.runtime.devices import deterministic_cuda
from strata.models.training.augment import reflect_index
from strata.models.training.inference import MARGIN, window_starts


class EvidenceMaps(NamedTuple):
    """Evidence for one class in each of some square images.

    Attributes:
        maps: (n, h, w) float32 over the square, at any resolution; NaN where no view looks.
        signed: False for Grad-CAM, which is not negative; True for gradient times input.
    """

    maps: NDArray[np.float32]
    signed: bool


def network_evidence(
    classifier: BaseImageClassifier, pixels: NDArray[np.uint8], columns: NDArray[np.int64]
) -> EvidenceMaps:
    """Grad-CAM of a network's class scores; of a perceptron's, gradient times input.

    The scores are means over views (crops and mirror images), and so is the evidence, each view's
    where it lies.

    Args:
        classifier: fitted.
        pixels: (n, image_size, image_size, channels).
        columns: (n,) column of each image's class among the scores.
    """
    network = classifier.network()
    return _over_views(
        network,
        torch.from_numpy(np.require(pixels, requirements=["C", "W"])),
        class_score(network, torch.as_tensor(columns)),
        window=classifier.window(),
        views=classifier.tta_views,
        flip=classifier.tta_flip,
    )


def hidden_evidence(
    classifier: BaseImageClassifier,
    layer: str,
    pixels: NDArray[np.uint8],
    gradients: NDArray[np.floating],
) -> EvidenceMaps:
    """Grad-CAM, or gradient times input, of a linear function of a hidden layer's activations.

    Args:
        classifier: fitted.
        layer: as of `hidden_features.LayerReader`.
        pixels: (n, image_size, image_size, channels).
        gradients: (n, units), weights of each image's activations: the gradient of the score that
            another classifier gives them.
    """
    network = classifier.network()
    given = torch.from_numpy(np.require(pixels, requirements=["C", "W"]))
    weights = torch.as_tensor(np.asarray(gradients, np.float32))
    recorded: list[Tensor] = []
    block = _record(network, layer, recorded)

    def score(maps: Tensor) -> Tensor:
        recorded.clear()
        network.scores_of(maps)
        return (recorded[0] * weights).sum(1)

    def at_block(crop: Tensor) -> Tensor:
        recorded.clear()
        with torch.no_grad():
            network(crop)
        maps = recorded[0]
        return (maps * weights[:, :, None, None]).mean(1, keepdim=True).relu()

    return _over_views(
        network, given, score, window=classifier.window(), at_block=at_block if block else None
    )


def _record(network: Network, layer: str, recorded: list[Tensor]) -> bool:
    """Have a layer's activations recorded; True if they are maps of a block."""
    if layer == EMBEDDING:
        network.head[-1].register_forward_pre_hook(lambda _, given: recorded.append(given[0]))
        return False
    module = activation_modules(network)[layer]

    def record(module: nn.Module, given: object, output: Tensor) -> None:
        recorded.append(output)

    module.register_forward_hook(record)
    return layer.startswith("block")


def _over_views(
    network: Network,
    pixels: Tensor,
    score: Score,
    *,
    window: int,
    views: int = 1,
    flip: bool = False,
    at_block: Callable[[Tensor], Tensor] | None = None,
) -> EvidenceMaps:
    """Mean evidence over the views that `inference.predict` takes the mean score of.

    Args:
        at_block: evidence in a view, in place of `score`'s.
    """
    size = pixels.shape[1]
    margin = round(MARGIN * size) if views > 1 and window == size else 0
    padded = reflect_index(torch.arange(-margin, size + margin), size)
    images = pixels[:, padded][:, :, padded].permute(0, 3, 1, 2)
    starts = window_starts(len(padded), window, views)
    corners = [(y, x) for y in starts for x in starts]
    found = torch.zeros(len(pixels), len(padded), len(padded))
    seen = torch.zeros(len(padded), len(padded))
    signed = False
    with deterministic_cuda():
        for y, x in corners:
            place = (..., slice(y, y + window), slice(x, x + window))
            for mirrored in (False, True) if flip else (False,):
                crop = images[place].flip(3) if mirrored else images[place]
                maps = at_block(crop) if at_block else network_grad_cam(network, crop, score)
                if not maps.numel():
                    maps, signed = gradient_times_input(network, crop, score), True
                maps = maps.flip(3) if mirrored else maps
                found[place] += functional.interpolate(maps, (window, window), mode="bilinear")[
                    :, 0
                ]
            seen[place] = 1
    found /= len(corners) * (2 if flip else 1)
    back = torch.zeros(size, len(padded))
    back[padded, torch.arange(len(padded))] = 1  # reflected margins are pixels of the image
    maps = back @ found @ back.T
    maps[:, (back @ seen @ back.T) == 0] = torch.nan
    return EvidenceMaps(maps.numpy(), signed)
