"""Grad-CAM and gradient times input: maps of the image regions that speak for a class."""

from collections.abc import Callable
from itertools import accumulate

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, fx
from torch.nn import functional

from strata.errors import InputError
from strata.models.architectures.builder import Network
from strata.models.estimators.network_classifier import NetworkClassifier
from strata.models.runtime.devices import choose_device, deterministic_cuda
from strata.models.transfer.finetuning.finetune_module import FineTuneModule
from strata.models.transfer.last_map import from_last_map

#: One number per image, (b,), as a differentiable function of the last block's output.
Score = Callable[[Tensor], Tensor]


def grad_cam(
    classifier: NetworkClassifier, X: ArrayLike, y: ArrayLike, *, batch_size: int = 64
) -> NDArray[np.float32]:
    """Grad-CAM (Selvaraju et al. 2017): the last block's maps, weighted by the score's gradient.

    The weight of a map is the mean, over positions, of the gradient of the class score; the
    positive part of the weighted sum is resized to the network's input (the center crop).

    Args:
        classifier: fitted, with at least one block of convolutions.
        X: (n, image_size, image_size, 3) uint8.
        y: (n,) the class to explain for each image, of `classifier.classes_`.
        batch_size: images at a time.

    Returns:
        (n, window, window) float32 in [0, 1]; all zeros where nothing speaks for the class.

    Raises:
        InputError: a network without blocks, an unknown class, not one class per image, or images
            of another size than in training.
    """
    crops, labels = classifier.center_crops(X), np.asarray(y)
    if labels.shape != (len(crops),):
        raise InputError(f"{len(crops)} images, but classes of shape {labels.shape}.")
    unknown = np.setdiff1d(labels, classifier.classes_)
    if len(unknown):
        raise InputError(f"The network does not know the class '{unknown[0]}'.")
    device, window = choose_device(classifier.device), classifier.window()
    network = classifier.network().to(device).to(memory_format=torch.channels_last)
    if not len(network.blocks):
        raise InputError("This network has no blocks, so no feature maps.")
    pixels = torch.from_numpy(np.require(crops, requirements=["C", "W"]))
    targets = torch.from_numpy(np.searchsorted(classifier.classes_, labels))
    found = [np.zeros((0, window, window), np.float32)]
    with deterministic_cuda():
        for batch, target in zip(pixels.split(batch_size), targets.split(batch_size), strict=True):
            images = batch.to(device).permute(0, 3, 1, 2)
            heat = grad_cam_maps(network, images, target.to(device))
            if not heat.numel():
                raise InputError("No block of this network has a map of more than one position.")
            heat = functional.interpolate(heat, (window, window), mode="bilinear")
            heat /= heat.amax((1, 2, 3), keepdim=True).clamp(min=1e-12)
            found.append(heat[:, 0].cpu().numpy())
    return np.concatenate(found)


def grad_cam_maps(network: Network | FineTuneModule, images: Tensor, columns: Tensor) -> Tensor:
    """Grad-CAM at the resolution of the network's last maps, not scaled (the paper's eq. 1-2).

    Args:
        network: in evaluation mode.
        images: (b, channels, h, w), the network's input.
        columns: (b,) column of each image's class among the scores.

    Returns:
        (b, 1, h', w'), not negative; (b, 1, 0, 0) if no layer's output is a map, or no scores
        depend on one (on a transformer's other tokens once its class token is read, say).
    """
    if isinstance(network, FineTuneModule):
        found = last_map_and_scores(network, images)
        if found is None:
            return images.new_zeros(len(images), 1, 0, 0)
        maps, scores = found
        return weighted_maps(maps, scores.gather(1, columns[:, None])[:, 0])
    return network_grad_cam(network, images, class_score(network, columns))


def last_map_and_scores(module: FineTuneModule, x: Tensor) -> tuple[Tensor, Tensor] | None:
    """The last map of a fine-tuned network's trained part, and the class scores.

    Args:
        module: in evaluation mode.
        x: (b, channels, h, w), the module's input.

    Returns:
        maps as of `from_last_map`, and scores (b, classes), a differentiable function of them.
    """
    subgraph = module.blocks[0]
    assert isinstance(subgraph, fx.GraphModule)
    with torch.no_grad():
        inputs = module.prepare(x.float())
    found = from_last_map(subgraph, inputs)
    if found is None:
        return None
    maps, outputs = found
    with torch.enable_grad():
        return maps, module.scores_of(*outputs[: module.embedding.n_outputs])


def class_score(network: Network, columns: Tensor) -> Score:
    """The score of each image's class, as a function of the last block's output."""
    return lambda maps: network.scores_of(maps).gather(1, columns[:, None])[:, 0]


def network_grad_cam(network: Network, images: Tensor, score: Score) -> Tensor:
    """Grad-CAM at the last block whose output has more than one position: see `grad_cam_maps`."""
    with torch.no_grad():
        blocks = list(network.blocks)
        outputs = list(
            accumulate(blocks, lambda x, block: block(x), initial=network.standardize(images))
        )
        last = max((i for i, x in enumerate(outputs) if i and x[0, 0].numel() > 1), default=0)
    if not last:
        return images.new_zeros(len(images), 1, 0, 0, dtype=torch.float32)
    with torch.enable_grad():
        x = maps = outputs[last].detach().clone().requires_grad_()
        for block in blocks[last:]:
            x = block(x)
        return weighted_maps(maps, score(x))


def gradient_times_input(network: Network, images: Tensor, score: Score) -> Tensor:
    """Product of the standardized input and the score's gradient, summed over channels.

    First-order evidence of each pixel, signed: of a score that is linear in the input, its exact
    share (Shrikumar, Greenside and Kundaje 2017). For perceptrons, which have no feature maps.

    Returns:
        (b, 1, h, w) float32.
    """
    with torch.enable_grad():
        x = given = network.standardize(images).detach().clone().requires_grad_()
        for block in network.blocks:
            x = block(x)
        (gradient,) = torch.autograd.grad(score(x).sum(), given)
    return (gradient * given).sum(1, keepdim=True).detach()


def weighted_maps(maps: Tensor, score: Tensor) -> Tensor:
    """Positive part of the maps' sum, each weighted by the mean gradient of the score on it.

    Args:
        maps: (b, channels, h, w).
        score: (b,), a differentiable function of them.

    Returns:
        (b, 1, h, w); (b, 1, 0, 0) if no score depends on a map.
    """
    (gradient,) = torch.autograd.grad(score.sum(), maps, allow_unused=True)
    if gradient is None or not gradient.any():
        return maps.new_zeros(len(maps), 1, 0, 0)
    return (gradient.mean((2, 3), keepdim=True) * maps).sum(1, keepdim=True).relu().detach()
