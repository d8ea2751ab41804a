"""timm's networks, "timm:NAME" or "timm:NAME.TAG" as timm lists them."""

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from strata.errors import InputError, nearest
from strata.models.transfer.zoos.published import Preprocessing, PublishedWeights

PREFIX = "timm:"


@cache
def _timm() -> ModuleType:
    try:
        import timm
    except ImportError:
        raise InputError(
            "timm's networks need the library timm.", "pip install 'strata[timm]' installs it."
        ) from None
    return timm


def check(name: str) -> None:
    """Raise `InputError` for names that timm has no network or weights of."""
    timm = _timm()
    network, dot, _ = name.partition(".")
    if network not in (known := timm.list_models()):
        raise InputError(f"timm has no network '{network}'.", nearest(network, known))
    if dot and name not in (tagged := timm.list_pretrained(f"{network}.*")):
        raise InputError(f"timm has no weights '{name}'.", nearest(name, tagged))


def create(name: str, device: torch.device, image_size: int | None) -> nn.Module:
    """Network with random weights, in evaluation mode.

    Args:
        image_size: of the images; networks with tables of positions are made for that size.
    """
    given = _configuration(name)
    other = given.fixed_input_size and image_size not in (None, given.input_size[-1])
    with torch.random.fork_rng(devices=[]), device:
        try:
            network: nn.Module = _timm().create_model(
                name, pretrained=False, **({"img_size": image_size} if other else {})
            )
        except (TypeError, AssertionError, ValueError) as error:
            raise InputError(
                f"timm's {name} takes no images of {image_size} pixels: {error}",
                f"Leave image_size at {given.input_size[-1]}.",
            ) from None
    if 0 in (getattr(getattr(network, "patch_embed", None), "grid_size", None) or ()):
        raise InputError(
            f"timm's {name} takes no images of {image_size} pixels: they are smaller than one of "
            "its patches.",
            f"Leave image_size at {given.input_size[-1]}.",
        )
    return network.eval()


create_at_size = create


def takes_any_size(name: str) -> bool:
    """Test whether a network takes images of any size as it is."""
    return not _configuration(name).fixed_input_size


def fitted_state(state: Mapping[str, Tensor], network: nn.Module) -> Mapping[str, Tensor]:
    """Tensors as the network needs them: tables of positions are interpolated to its size.

    Raises:
        InputError: they cannot be.
    """
    convert = getattr(sys.modules[type(network).__module__], "checkpoint_filter_fn", None)
    try:
        return convert(dict(state), network) if convert else state
    except RuntimeError as error:
        raise InputError(
            f"These weights cannot be fitted to the network: {str(error).partition(chr(10))[0]}",
            "Leave image_size at what the network was made for, or name its own weights.",
        ) from error


def preprocessing(name: str) -> Preprocessing:
    """Preprocessing by timm's data configuration."""
    given = _configuration(name)
    return Preprocessing(given.input_size[-1], tuple(given.mean), tuple(given.std))


def published(name: str) -> PublishedWeights:
    """Weights as timm finds them: in a repository of the Hugging Face hub, else at an address."""
    given = _configuration(name)
    if given.hf_hub_id:
        from huggingface_hub import hf_hub_url, try_to_load_from_cache

        file = given.hf_hub_filename or "model.safetensors"
        found = try_to_load_from_cache(given.hf_hub_id, file)
        return PublishedWeights(
            hf_hub_url(given.hf_hub_id, file),
            digest="",
            megabytes=0,
            terms=given.license or "",
            file_name=f"{_full(name)}{Path(file).suffix}",
            cached=Path(found) if isinstance(found, str) else None,
        )
    if given.url:
        return PublishedWeights(given.url, "", 0, given.license or "")
    raise InputError(
        f"timm publishes no weights of {name}.",
        'Name a file of weights: weights = "FILE", or another network.',
    )


def weights_name(name: str) -> str:
    """Name with the tag of its weights, "convnext_tiny.in12k_ft_in1k"."""
    return _full(name)


def _configuration(name: str) -> Any:
    found = _timm().get_pretrained_cfg(name)
    if found is None:
        raise InputError(f"timm has no configuration of {name}.", "Name another network.")
    return found


def _full(name: str) -> str:
    """Name with the tag of its weights."""
    tag = _configuration(name).tag
    return name if "." in name or not tag else f"{name}.{tag}"


def is_headless(network: Any) -> bool:
    """Test whether a network, published as a maker of features, has no layer of class scores."""
    return isinstance(network.get_classifier(), nn.Identity)


def leaves() -> tuple[tuple[type[nn.Module], ...], tuple[Any, ...]]:
    """Modules and functions that tracing must not enter."""
    from timm.models._features_fx import get_notrace_functions, get_notrace_modules

    return tuple(get_notrace_modules()), tuple(get_notrace_functions())
