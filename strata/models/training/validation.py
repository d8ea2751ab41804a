"""Loss and accuracy of a network in training on images that it does not learn from."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from strata.models.architectures.builder import Network
from strata.models.runtime import distributed
from strata.models.training.batches import Images
from strata.models.training.inference import predict

#: Share of a training's time that watching held-out images may add.
WATCH_SHARE = 0.06
#: Time that a prediction takes, as a share of a training step on as many images: a forward pass,
#: where a step has a backward pass of twice the work, augmentation and the optimizer besides.
PREDICTION_COST = 0.33


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
