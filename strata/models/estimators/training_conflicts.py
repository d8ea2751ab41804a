"""Contradictions among the arguments of a training, found without torch: before any work."""

from collections.abc import Mapping
from typing import Any

from strata.errors import InputError


def check_fine_tuning(arguments: Mapping[str, Any]) -> None:
    """Raise `InputError` for arguments of `FineTunedClassifier` that no training can have.

    Args:
        arguments: by name.
    """
    share, C = arguments["validation_fraction"], arguments["head_init_C"]
    if arguments["patience"] is not None and not 0 < share < 1:
        raise InputError(f"validation_fraction must be in (0, 1): {share}.")
    if not 0 <= arguments["dropout"] < 1:
        raise InputError(f"dropout must be in [0, 1): {arguments['dropout']}.")
    for name in ("layer_decay", "aux_weight", "lora_rank"):
        if not arguments[name] >= 0:
            raise InputError(f"{name} must not be negative: {arguments[name]}.")
    if arguments["batch_norm"] not in ("adapt", "frozen"):
        raise InputError(f"batch_norm must be 'adapt' or 'frozen': {arguments['batch_norm']!r}.")
    if arguments["head_activation"] not in ("gelu", "relu"):
        raise InputError(
            f"head_activation must be 'gelu' or 'relu': {arguments['head_activation']!r}."
        )
    if not arguments["lora_alpha"] > 0:
        raise InputError(f"lora_alpha must be above 0: {arguments['lora_alpha']!r}.")
    if C is not None and not C > 0:
        raise InputError(f"head_init_C must be above 0: {C!r}.")
    if C is not None and len(arguments["head_hidden"]):
        raise InputError(
            f"head_init_C = {C:g} sets a linear head, but head_hidden gives it hidden layers.",
            "Leave out head_init_C, so that the head is trained for head_epochs, or head_hidden.",
        )
    if arguments["lora_rank"] and not arguments["epochs"]:
        raise InputError(
            f"lora_rank = {arguments['lora_rank']} is of the second phase, which has no epochs.",
            "Set epochs, and a freeze_until before output_node, or leave out lora_rank.",
        )


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
