"""Network before training: initial weights, standardization, unsupervised pretraining."""

import numpy as np
import torch
from torch import Tensor

from strata.models.architectures.architecture import Architecture
from strata.models.architectures.body import copy_body
from strata.models.architectures.builder import Network, build
from strata.models.architectures.initialization import lsuv_init
from strata.models.architectures.registry import LSUV
from strata.models.estimators.image_prediction import BaseImageClassifier
from strata.models.runtime.image_source import Concatenation, ImageSource, to_device
from strata.models.training.denoising_pretraining import pretrain
from strata.models.training.inference import center_crops
from strata.seeds import derive, generator

#: Images for a data-dependent initialization.
INIT_BATCH_SIZE = 64


def initial_network(
    architecture: Architecture,
    images: ImageSource,
    initial: BaseImageClassifier | None = None,
    *,
    window: int,
    num_classes: int,
    random_state: int,
) -> Network:
    """Build a network and fit its standardization and initial weights to the training images.

    Args:
        architecture: its description.
        images: the training images, (n, image_size, image_size, channels) uint8.
        initial: fitted classifier whose layers but the last, and whose standardization, are taken.
        window: width of the crops that the network takes.
        num_classes: number of class scores.
        random_state: seed of the weights, and of the images for the initialization "lsuv".

    Raises:
        InputError: `initial` has another architecture.
    """
    seed = derive(random_state, "weights")
    channels = images.shape[3]
    network = build(
        architecture, image_size=window, num_classes=num_classes, channels=channels, seed=seed
    )
    network.fit_standardization(images)
    if architecture.initialization == LSUV:
        some = generator(random_state, "lsuv").permutation(len(images))[:INIT_BATCH_SIZE]
        lsuv_init(network.eval(), _crops(images[np.sort(some)], window))
    if initial is not None:
        copy_body(network, initial.weights_)
    return network


def pretrain_network(
    network: Network,
    images: ImageSource,
    unlabeled: ImageSource | None = None,
    *,
    window: int,
    epochs: int,
    batch_size: int,
    random_state: int,
) -> dict[str, list[float]]:
    """Pretrain a network's layers as denoising autoencoders, in place, on the network's device.

    Args:
        network: with its initial weights.
        images: the training images, (n, image_size, image_size, 3) uint8.
        unlabeled: further images of the same size, without labels.
        window: width of the crops that the network takes.
        epochs: for each layer.
        batch_size: images per gradient step.
        random_state: seed of the pretraining.

    Returns:
        as `denoising_pretraining.pretrain`: losses of each layer by epoch.
    """
    every = images if unlabeled is None else Concatenation(images, unlabeled)
    return pretrain(
        network.to(memory_format=torch.channels_last),
        to_device(every, network.mean.device),
        window=window,
        epochs=epochs,
        batch_size=batch_size,
        seed=derive(random_state, "pretraining"),
    )


def _crops(pixels: np.ndarray, window: int) -> Tensor:
    return torch.from_numpy(center_crops(pixels, window)).permute(0, 3, 1, 2)
