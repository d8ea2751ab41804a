"""Contradictions in a network's parameters, found before any work.

The estimators refuse them too, but only when they train: after the images were read and resized.
"""

from collections.abc import Mapping
from typing import Any

from strata.errors import InputError


def check_training(network: Mapping[str, Any], *, initial: bool) -> None:
    """Raise `InputError` for parameters of `train_network` that exclude each other.

    Args:
        network: the parameters.
        initial: True if the network starts from another one.
    """
    if network["frozen_epochs"] and not (network["pretrain_epochs"] or initial):
        raise InputError(
            f"frozen_epochs = {network['frozen_epochs']} would keep layers with random weights.",
            "Set pretrain_epochs, or let the network start from another one (recipe transferred).",
        )
    if network["sampling"] and network["class_weight"]:
        raise InputError(
            "class_weight and sampling are both set, which would count rare classes twice.",
            "Leave out one of them.",
        )
    lowest = network["base_momentum"]
    if lowest is not None and lowest > network["momentum"]:
        raise InputError(
            f"base_momentum = {lowest:g} is above momentum = {network['momentum']:g}, between "
            "which the momentum goes.",
            "Lower base_momentum, or raise momentum.",
        )


def check_test_size(network: Mapping[str, Any], test_size: int) -> None:
    """Raise `InputError` for a network whose head fixes the size of its images."""
    from strata.models.architectures.architecture import Architecture

    architecture = Architecture.of(network["architecture"])
    if architecture.head.pool == "flatten":
        raise InputError(
            f"test_size = {test_size}: the head of this network flattens its maps, so it takes "
            "images of one size.",
            'Take an architecture whose head pools, as "cnn-pooled" or "tinynet-residual", or '
            "leave out test_size.",
        )
