"""torchvision's classification networks, "NAME" or "NAME:WEIGHTS" with a member of its enum."""

import re
from typing import Any

import torch
from torch import nn
from torchvision import models

from strata.errors import InputError, nearest
from strata.models.transfer.zoos.published import Preprocessing, PublishedWeights

#: Options that torchvision's builders set when they load its own weights.
_AS_PUBLISHED: dict[str, dict[str, Any]] = {
    "inception_v3": {"transform_input": True, "init_weights": False},
    "googlenet": {"transform_input": True, "init_weights": False, "aux_logits": True},
}


def check(name: str) -> None:
    """Raise `InputError` for names that are not of torchvision's classification networks.

    torchvision lists other networks too, such as detectors, which take images of any size.
    """
    network, colon, member = name.partition(":")
    known = models.list_models(module=models)
    if network not in known:
        raise InputError(
            f"torchvision has no classification network '{network}'.", nearest(network, known)
        )
    members = models.get_model_weights(network).__members__
    if colon and member not in members:
        raise InputError(
            f"torchvision's {network} has no weights '{member}'.", nearest(member, list(members))
        )


def create(name: str, device: torch.device, image_size: int | None) -> nn.Module:
    """Network with random weights, in evaluation mode, the same for images of any size."""
    network = name.partition(":")[0]
    with torch.random.fork_rng(devices=[]), device:
        made = models.get_model(network, weights=None, **_AS_PUBLISHED.get(network, {}))
    return made.eval()


def create_at_size(name: str, device: torch.device, image_size: int) -> nn.Module:
    """`create`, but networks with tables of positions are made for a size of images."""
    network = name.partition(":")[0]
    with torch.random.fork_rng(devices=[]), device:
        made = models.get_model(
            network, weights=None, **_AS_PUBLISHED.get(network, {}), **_sized(network, image_size)
        )
    return made.eval()


def takes_any_size(name: str) -> bool:
    """Test whether a network takes images of any size as it is."""
    return not _sized(name.partition(":")[0], 0)


def _sized(network: str, image_size: int) -> dict[str, Any]:
    """The option of torchvision's builders for the size of images, where they have one."""
    if network.startswith("vit_"):
        return {"image_size": image_size}
    return {"input_size": (image_size, image_size)} if network == "maxvit_t" else {}


def preprocessing(name: str) -> Preprocessing:
    """Preprocessing of torchvision's weights."""
    given = _weights(name).transforms()
    return Preprocessing(given.crop_size[0], tuple(given.mean), tuple(given.std))


def published(name: str) -> PublishedWeights:
    """Weights of the enum's member, or torchvision's best on ImageNet."""
    weights = _weights(name)
    digest = re.search(r"-([0-9a-f]{8,})\.\w+$", weights.url)
    return PublishedWeights(
        weights.url,
        digest[1] if digest else "",
        weights.meta["_file_size"],
        weights.meta.get("license", ""),
    )


def weights_name(name: str) -> str:
    """Member of the enum, "ResNet50_Weights.IMAGENET1K_V2"."""
    return str(_weights(name))


def _weights(name: str) -> Any:
    network, _, member = name.partition(":")
    return models.get_model_weights(network)[member or "DEFAULT"]
