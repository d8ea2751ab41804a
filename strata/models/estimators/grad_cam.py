"""Where in an image a network saw a class."""

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


def grad_cam(
    classifier: NetworkClassifier, X: ArrayLike, y: ArrayLike, *, batch: int = 64
) -> NDArray[np.float32]:
    """Grad-CAM (Selvaraju et al. 2017): the last block's maps, weighed by the score's gradient.

    Each map counts by the mean, over places, of the gradient of the class score; the positive part
    of the weighted sum is enlarged to the size of what the network sees (the middle window).

    Args:
        classifier: trained, with at least one block of convolutions.
        X: (n, size, size, 3) uint8.
        y: (n,) the class to look for in each image, of `classifier.classes_`.
        batch: images at a time.

    Returns:
        (n, window, window) float32 in [0, 1]; all zeros where nothing speaks for the class.

    Raises:
        InputError: a network without blocks, a class that it does not know, not one class an image,
            or other images than it was trained on.
    """
    windows, labels = classifier.middle(X), np.asarray(y)
    if labels.shape != (len(windows),):
        raise InputError(f"{len(windows)} images, but classes of shape {labels.shape}.")
    unknown = np.setdiff1d(labels, classifier.classes_)
    if len(unknown):
        raise InputError(f"The network does not know the class '{unknown[0]}'.")
    device, window = choose_device(classifier.device), classifier.window()
    network = classifier.network().to(device).to(memory_format=torch.channels_last)
    if not len(network.blocks):
        raise InputError("This network has no blocks, so no maps to look at.")
    seen = torch.from_numpy(np.require(windows, requirements=["C", "W"]))
    targets = torch.from_numpy(np.searchsorted(classifier.classes_, labels))
    found = [np.zeros((0, window, window), np.float32)]
    with deterministic_cuda():
        for part, target in zip(seen.split(batch), targets.split(batch), strict=True):
            images = part.to(device).permute(0, 3, 1, 2)
            heat = weighed_maps(network, images, target.to(device))
            heat = functional.interpolate(heat, (window, window), mode="bilinear")
            heat /= heat.amax((1, 2, 3), keepdim=True).clamp(min=1e-12)
            found.append(heat[:, 0].cpu().numpy())
    return np.concatenate(found)


def weighed_maps(network: Network | FineTuneModule, images: Tensor, columns: Tensor) -> Tensor:
    """Grad-CAM at the size of the network's last maps, as it comes (Selvaraju et al., eq. 1-2).

    Args:
        images: (b, channels, h, w), what the network takes.
        columns: (b,) of the class of each among the scores.

    Returns:
        (b, 1, h', w'), not negative; (b, 1, 0, 0) where the last output is no map.
    """
    maps, *others = (output.detach() for output in network.outputs(images))
    if maps.ndim != 4:
        return maps.new_zeros(len(maps), 1, 0, 0)
    maps.requires_grad_()
    wanted = network.scores_of(maps, *others).gather(1, columns[:, None]).sum()
    (gradient,) = torch.autograd.grad(wanted, maps)
    return (gradient.mean((2, 3), keepdim=True) * maps).sum(1, keepdim=True).relu().detach()
