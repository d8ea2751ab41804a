"""Grad-CAM: heat maps of the image regions that speak for a class."""

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.nn import functional

from strata.errors import InputError
from strata.models.architectures.builder import Network
from strata.models.estimators.network_classifier import NetworkClassifier
from strata.models.runtime.devices import choose_device, deterministic_cuda
from strata.models.transfer.finetune_module import FineTuneModule
from strata.models.transfer.last_map import last_map_and_scores


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
        (b, 1, h', w'), not negative; (b, 1, 0, 0) if no layer's output is a map.
    """
    if isinstance(network, FineTuneModule):
        found = last_map_and_scores(network, images)
        if found is None:
            return images.new_zeros(len(images), 1, 0, 0)
        maps, scores = found
    else:
        maps = network.outputs(images)[0].detach().requires_grad_()
        scores = network.scores_of(maps)
    score = scores.gather(1, columns[:, None]).sum()
    (gradient,) = torch.autograd.grad(score, maps)
    return (gradient.mean((2, 3), keepdim=True) * maps).sum(1, keepdim=True).relu().detach()
