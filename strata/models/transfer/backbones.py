"""Pretrained classification networks by name: with given weights, and their preprocessing.

"resnet50" is torchvision's with its best weights, "resnet50:IMAGENET1K_V1" with the member of its
enum; "timm:convnext_tiny.in12k_ft_in1k" is timm's.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from strata.errors import InputError
from strata.models.transfer.zoos.find import fitted_state, zoo_of
from strata.models.transfer.zoos.published import Preprocessing

#: Inception-v3's blocks (Szegedy et al. 2016) in order; Keras calls them mixed0..mixed10.
INCEPTION_BLOCKS = (
    "Mixed_5b", "Mixed_5c", "Mixed_5d",
    "Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e",
    "Mixed_7a", "Mixed_7b", "Mixed_7c",
)  # fmt: skip

#: The node before the first of them.
INCEPTION_STEM = "maxpool2"


def build(name: str, state: Mapping[str, Tensor], image_size: int | None = None) -> nn.Module:
    """A network with all weights of a state_dict, float32, in evaluation mode.

    Args:
        name: of the network.
        state: floating tensors of any precision; `num_batches_tracked` may be absent. Tensors all
            of whose names are another implementation's, but whose shapes are the network's in its
            order, are taken in that order.
        image_size: of the images that it is to take, pixels; None: what it was made for.

    Raises:
        InputError: no such network; tensors that are missing, left over or of another shape.
    """
    network = skeleton(name, image_size)
    wanted = network.state_dict()
    state = fitted_state(_renamed(state, wanted), network)
    counters = {k: v for k, v in wanted.items() if k.endswith("num_batches_tracked")}
    missing = [k for k in wanted if k not in state and k not in counters]
    unknown = [k for k in state if k not in wanted]
    shapes = [k for k in wanted if k in state and state[k].shape != wanted[k].shape]
    for kind, keys in (("lack", missing), ("have also", unknown), ("differ in shape at", shapes)):
        if keys:
            more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
            raise InputError(f"These are not the weights of {name}: they {kind} '{keys[0]}'{more}.")
    complete = OrderedDict({**counters, **state})
    complete._metadata = wanted._metadata  # type: ignore[attr-defined]  # MNASNet reads versions
    network.load_state_dict(complete)
    return network


def checked_state(name: str, state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Tensors of a network's checkpoint by the network's own names.

    Raises:
        InputError: see `build`.
    """
    return _renamed(state, build(name, state).state_dict())


def _renamed(state: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Tensors by the network's own names, where they have the same shapes in the same order."""
    if state.keys() & wanted.keys() or len(state) != len(wanted):
        return state
    pairs = list(zip(wanted, wanted.values(), state.values(), strict=True))
    same = all(own.shape == given.shape for _, own, given in pairs)
    return {key: given for key, _, given in pairs} if same else state


def skeleton(name: str, image_size: int | None = None) -> nn.Module:
    """A network with random weights, in evaluation mode, for its structure and shapes.

    Raises:
        InputError: no such network.
    """
    zoo, own = zoo_of(name)
    network: nn.Module = zoo.create(own, torch.device("cpu"), image_size)
    return network


def outline(name: str, image_size: int | None = None) -> nn.Module:
    """A network on torch's meta device, in evaluation mode: structure and shapes, no numbers.

    Raises:
        InputError: no such network.
    """
    zoo, own = zoo_of(name)
    return _on_meta(zoo.create, own, image_size)


def outlines_at_sizes(name: str, image_sizes: Sequence[int]) -> list[nn.Module]:
    """`outline` of a network for images of several sizes, whatever its weights take.

    Returns:
        one for each size; several times the same where it takes images of any size.

    Raises:
        InputError: no such network, or it cannot be made for one of the sizes.
    """
    zoo, own = zoo_of(name)
    if zoo.takes_any_size(own):
        return [_on_meta(zoo.create, own, image_sizes[0])] * len(image_sizes)
    return [_on_meta(zoo.create_at_size, own, size) for size in image_sizes]


def _on_meta(create: Callable[..., nn.Module], name: str, image_size: int | None) -> nn.Module:
    try:
        return create(name, torch.device("meta"), image_size)
    except (NotImplementedError, RuntimeError):  # some compute their widths with tensors
        return create(name, torch.device("cpu"), image_size).to("meta")


def preprocessing(name: str) -> Preprocessing:
    """The preprocessing that a network's published weights were trained with.

    Raises:
        InputError: no such network.
    """
    zoo, own = zoo_of(name)
    found: Preprocessing = zoo.preprocessing(own)
    return found
