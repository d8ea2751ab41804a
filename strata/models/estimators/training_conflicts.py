"""Contradictions among the arguments of a training, found without torch: before any work."""

from collections.abc import Mapping
from typing import Any

from strata.errors import InputError


def check_conflicts(network: Mapping[str, Any], *, initial: bool) -> None:
    """Raise `InputError` for arguments of `NetworkClassifier` that exclude each other.

    Args:
        network: the arguments by name.
        initial: True if the network starts from another one.
    """
    if network["frozen_epochs"] and not (network["pretrain_epochs"] or initial):
        raise InputError(
            f"frozen_epochs = {network['frozen_epochs']} would keep layers with random weights.",
            "Set pretrain_epochs, or let the network start from another one (recipe transferred).",
        )
    if network["sampling"] and network["class_weight"]:
        raise InputError(
            "class_weight and sampling are both 'balanced', which would count rare classes twice.",
            "Leave out one of them.",
        )
    lowest = network["base_momentum"]
    if lowest is not None and lowest > network["momentum"]:
        raise InputError(
            f"base_momentum = {lowest:g} is above momentum = {network['momentum']:g}, between "
            "which the momentum goes.",
            "Lower base_momentum, or raise momentum.",
        )
