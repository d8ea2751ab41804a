"""The collection that a backbone's name belongs to, and the name within it."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from torch import Tensor, nn

from strata.models.transfer.zoos import timm_zoo, torchvision_zoo


def zoo_of(backbone: str) -> tuple[ModuleType, str]:
    """Module of the collection and the network's name there, checked.

    Raises:
        InputError: no such network or weights, or a library that is not installed.
    """
    is_timm = backbone.startswith(timm_zoo.PREFIX)
    zoo = timm_zoo if is_timm else torchvision_zoo
    name = backbone.removeprefix(timm_zoo.PREFIX)
    zoo.check(name)
    return zoo, name


def leaves(network: nn.Module) -> tuple[tuple[type[nn.Module], ...], tuple[Any, ...]]:
    """Modules and functions that tracing of a network must not enter."""
    return timm_zoo.leaves() if _is_timm(network) else ((), ())


def has_head(network: nn.Module) -> bool:
    """Test whether a network ends in a layer of class scores."""
    return not _is_timm(network) or not timm_zoo.is_headless(network)


def fitted_state(state: Mapping[str, Tensor], network: nn.Module) -> Mapping[str, Tensor]:
    """Tensors of a checkpoint as a network needs them at its size of images."""
    return timm_zoo.fitted_state(state, network) if _is_timm(network) else state


def _is_timm(network: nn.Module) -> bool:
    return type(network).__module__.startswith("timm.")
