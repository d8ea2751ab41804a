"""Frozen part of a pretrained network: inference only, from images to activations."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from strata.image_io import check_images
from strata.models.runtime.devices import deterministic_cuda, memory_needed, mixed_precision
from strata.models.transfer import backbones, weights
from strata.models.transfer.backbones import Preprocessing
from strata.models.transfer.canonical_subgraph import canonical_subgraph, output_layout
from strata.models.transfer.subgraph import IMAGES

#: A path of a file of weights (see `weights.named_file`), or a state_dict.
WeightsLike = str | Mapping[str, Any]


class Standardize(nn.Module):
    """Pixels 0..255 less the mean, over the standard deviation, in one multiplication and addition.

    Args:
        preprocessing: mean and standard deviation of each channel in 0..1.
    """

    scale: Tensor
    offset: Tensor

    def __init__(self, preprocessing: Preprocessing) -> None:
        super().__init__()
        mean, std = torch.tensor(preprocessing.mean), torch.tensor(preprocessing.std)
        self.register_buffer("scale", (1 / (255 * std)).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("offset", (-mean / std).view(1, 3, 1, 1), persistent=False)

    def forward(self, pixels: Tensor) -> Tensor:
        """Standardize pixels (b, 3, h, w) of any dtype to float32."""
        return torch.addcmul(self.offset, pixels.float(), self.scale)


class FrozenBackbone:
    """The part of a pretrained network from the images to some nodes, for inference.

    Args:
        backbone: name of the network.
        nodes: whose outputs are returned; `IMAGES` as the only node runs nothing.
        state: the network's state_dict.
        image_size: width and height of the images, pixels; None: what the network was made for.

    Attributes:
        layouts: of the nodes' outputs in the network; `run` returns them in one layout.
    """

    def __init__(
        self,
        backbone: str,
        nodes: Sequence[str],
        state: Mapping[str, Tensor],
        image_size: int | None,
    ) -> None:
        preprocessing = backbones.preprocessing(backbone)
        self.image_size = image_size or preprocessing.image_size
        network = backbones.build(backbone, state, image_size)
        subgraph = canonical_subgraph(backbone, network, IMAGES, nodes, self.image_size)
        self.layouts = [output_layout(backbone, node, self.image_size) for node in nodes]
        self._module = nn.Sequential(Standardize(preprocessing), subgraph).eval()
        self._module.requires_grad_(False)
        for parameter in self._module.parameters():
            if parameter.ndim == 4:  # not the whole module: some keep tables of five dimensions
                parameter.data = parameter.data.to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def run(self, pixels: NDArray[np.uint8], device: torch.device) -> tuple[Tensor, ...]:
        """Outputs for (b, image_size, image_size, 3) images, one tensor per node: maps
        (b, channels, h, w), tokens (b, tokens, channels) or vectors (b, channels).

        Raises:
            InputError: a single image in place of several.
        """
        images = torch.from_numpy(np.ascontiguousarray(check_images(pixels))).to(device)
        self._module.to(device)
        hint = "Take a smaller image_size or backbone, or run fewer jobs (-j 1)."
        precision = mixed_precision(device, large=True)
        with deterministic_cuda(), precision, memory_needed(hint):
            outputs: tuple[Tensor, ...] = self._module(images.permute(0, 3, 1, 2))
        return outputs


def resolve_state_dict(backbone: str, given: WeightsLike) -> Mapping[str, Tensor]:
    """A state_dict unchanged, or the one in a file that is named, found or downloaded.

    Raises:
        InputError: no such file, or not a state_dict.
        StrataError: the file cannot be downloaded.
    """
    if isinstance(given, Mapping):
        return given
    path = weights.obtain_weights(backbone, given)
    return weights.read_weights(path.read_bytes(), str(path))


def in_batches(images: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Lists of at most `size` images, consumed from the iterable as they are needed."""
    waiting = iter(images)
    while batch := list(islice(waiting, size)):
        yield batch
