"""Contradictions in the parameters of a network's recipe, found before any work."""

from collections.abc import Mapping
from typing import Any

from strata.errors import InputError


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
