"""Network before training: initial weights, standardization, unsupervised pretraining."""

import numpy as np
import torch
from torch import Tensor

from strata.errors import InputError
from strata.models.architectures.architecture import Architecture
from strata.models.architectures.builder import Network, build
from strata.models.architectures.initialization import lsuv_init
from strata.models.architectures.registry import LSUV
from strata.models.runtime.image_source import ImageSource, too_large
from strata.models.training.denoising_pretraining import pretrain
from strata.models.training.inference import center_crops
from strata.seeds import derive, generator

#: Images for a data-dependent initialization.
INIT_BATCH_SIZE = 64


def initial_network(
    architecture: Architecture,
    images: ImageSource,
    *,
    window: int,
    num_classes: int,
    random_state: int,
) -> Network:
    """Build a network and fit its standardization and initial weights to the training images.

    Args:
        architecture: its description.
        images: the training images, (n, image_size, image_size, 3) uint8.
        window: width of the crops that the network takes.
        num_classes: number of class scores.
        random_state: seed of the weights, and of the images for the initialization "lsuv".
    """
    seed = derive(random_state, "weights")
    network = build(architecture, image_size=window, num_classes=num_classes, seed=seed)
    network.fit_standardization(images)
    if architecture.initialization == LSUV:
        some = generator(random_state, "lsuv").permutation(len(images))[:INIT_BATCH_SIZE]
        lsuv_init(network.eval(), _crops(images[np.sort(some)], window))
    return network


def pretrain_network(
    network: Network,
    images: ImageSource,
    *,
    window: int,
    epochs: int,
    batch_size: int,
    random_state: int,
) -> list[list[float]]:
    """Pretrain a network's blocks as denoising autoencoders, in place, on the network's device.

    Returns:
        as `denoising_pretraining.pretrain`: losses of each block by epoch.

    Raises:
        InputError: the images take more than a gigabyte (`image_source.IN_MEMORY`).
    """
    if too_large(images):
        raise InputError(
            "There are too many images to pretrain on: more than a gigabyte.",
            "Take smaller images, or pretrain_epochs = 0.",
        )
    return pretrain(
        network.to(memory_format=torch.channels_last),
        _crops(images[:], window).to(network.mean.device),
        epochs=epochs,
        batch_size=batch_size,
        seed=derive(random_state, "pretraining"),
    )


def _crops(pixels: np.ndarray, window: int) -> Tensor:
    return torch.from_numpy(center_crops(pixels, window)).permute(0, 3, 1, 2)
