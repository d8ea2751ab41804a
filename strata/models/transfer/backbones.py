"""torchvision's classification networks: with given weights, and their preprocessing."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torchvision import models

from strata.errors import InputError
from strata.models.transfer.weights import check_backbone

#: Inception-v3's blocks (Szegedy et al. 2016) in order; Keras calls them mixed0..mixed10.
INCEPTION_BLOCKS = (
    "Mixed_5b", "Mixed_5c", "Mixed_5d",
    "Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e",
    "Mixed_7a", "Mixed_7b", "Mixed_7c",
)  # fmt: skip

#: The node before the first of them.
INCEPTION_STEM = "maxpool2"

#: Options that torchvision's builders set when they load its own weights.
_AS_PUBLISHED: dict[str, dict[str, Any]] = {
    "inception_v3": {"transform_input": True, "init_weights": False},
    "googlenet": {"transform_input": True, "init_weights": False, "aux_logits": True},
}


def build(name: str, state: Mapping[str, Tensor]) -> nn.Module:
    """A network with all weights of a state_dict, float32, in evaluation mode.

    Args:
        name: of the network, as `torchvision.models.get_model` takes it.
        state: floating tensors of any precision; `num_batches_tracked` may be absent.

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
    """A network with random weights, in evaluation mode, for its structure and shapes.

    Raises:
        InputError: no such network.
    """
    check_backbone(name)
    with torch.random.fork_rng(devices=[]):
        network = models.get_model(name, weights=None, **_AS_PUBLISHED.get(name, {}))
    return network.eval()


def outline(name: str) -> nn.Module:
    """A network on torch's meta device, in evaluation mode: structure and shapes, no numbers.

    Raises:
        InputError: no such network.
    """
    check_backbone(name)
    try:
        with torch.device("meta"):
            return models.get_model(name, weights=None, **_AS_PUBLISHED.get(name, {})).eval()
    except NotImplementedError:  # RegNet computes its widths with tensors
        return skeleton(name).to("meta")


class Preprocessing(NamedTuple):
    """Preprocessing that a network's weights were trained with."""

    image_size: int  #: width and height, pixels
    mean: tuple[float, ...]  #: of red, green and blue in 0..1
    std: tuple[float, ...]


def preprocessing(name: str) -> Preprocessing:
    """The preprocessing for torchvision's weights of a network.

    Raises:
        InputError: no such network.
    """
    check_backbone(name)
    given = models.get_model_weights(name).DEFAULT.transforms()
    return Preprocessing(given.crop_size[0], tuple(given.mean), tuple(given.std))
