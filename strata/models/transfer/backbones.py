"""Torchvision's classification networks: with given weights, and the images that they expect."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torchvision import models

from strata.errors import InputError
from strata.models.transfer.weights import check_backbone

#: Inception-v3's blocks (Szegedy et al. 2016) from the image on; Keras calls them mixed0..mixed10.
INCEPTION_BLOCKS = (
    "Mixed_5b", "Mixed_5c", "Mixed_5d",
    "Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e",
    "Mixed_7a", "Mixed_7b", "Mixed_7c",
)  # fmt: skip

#: The node before the first of them.
INCEPTION_STEM = "maxpool2"

#: What torchvision's builders set where they are given their own weights.
_AS_PUBLISHED: dict[str, dict[str, Any]] = {
    "inception_v3": {"transform_input": True, "init_weights": False},
    "googlenet": {"transform_input": True, "init_weights": False, "aux_logits": True},
}


def build(name: str, state: Mapping[str, Tensor]) -> nn.Module:
    """A network with all its weights from a state_dict, float32, in evaluation mode.

    Args:
        name: of the network, as `torchvision.models.get_model` takes it.
        state: floating numbers of any precision. Counters of batches may be absent.

    Raises:
        InputError: no such network; tensors that are missing, left over or of another shape.
    """
    network = skeleton(name)
    wanted = network.state_dict()
    counters = {k: v for k, v in wanted.items() if k.endswith("num_batches_tracked")}
    missing = [k for k in wanted if k not in state and k not in counters]
    unknown = [k for k in state if k not in wanted]
    shapes = [k for k in wanted if k in state and state[k].shape != wanted[k].shape]
    for kind, keys in (("lack", missing), ("have also", unknown), ("differ in shape at", shapes)):
        if keys:
            more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
            raise InputError(
                f"These are not the weights of torchvision's {name}: they {kind} '{keys[0]}'{more}."
            )
    network.load_state_dict({**counters, **state})
    return network


def skeleton(name: str) -> nn.Module:
    """A network as torchvision draws it, in evaluation mode; for its shape, not for its numbers.

    Raises:
        InputError: no such network.
    """
    check_backbone(name)
    with torch.random.fork_rng(devices=[]):
        network = models.get_model(name, weights=None, **_AS_PUBLISHED.get(name, {}))
    return network.eval()


class Preparation(NamedTuple):
    """What a network expects of its images."""

    side: int  #: pixels
    mean: tuple[float, ...]  #: of red, green and blue in 0..1
    deviation: tuple[float, ...]


def preparation(name: str) -> Preparation:
    """How torchvision's weights of a network want their images.

    Raises:
        InputError: no such network.
    """
    check_backbone(name)
    given = models.get_model_weights(name).DEFAULT.transforms()
    return Preparation(given.crop_size[0], tuple(given.mean), tuple(given.std))
