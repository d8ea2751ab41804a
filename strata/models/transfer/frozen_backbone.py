"""The part of a pretrained network that stays as it is: run only, its activations kept."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from strata.errors import InputError
from strata.models.runtime.devices import deterministic_cuda, mixed_precision
from strata.models.transfer import backbones, weights
from strata.models.transfer.backbones import Preparation
from strata.models.transfer.subgraph import IMAGES, section

#: Either how to find a file of weights (see `weights.named_file`) or what is in it.
Weights = str | Mapping[str, Tensor]


class Standardize(nn.Module):
    """Pixels 0..255 to what a network expects; the whole batch in one multiplication and addition.

    Args:
        expected: mean and deviation of each channel in 0..1.
    """

    scale: Tensor
    offset: Tensor

    def __init__(self, expected: Preparation) -> None:
        super().__init__()
        mean, deviation = torch.tensor(expected.mean), torch.tensor(expected.deviation)
        self.register_buffer("scale", (1 / (255 * deviation)).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("offset", (-mean / deviation).view(1, 3, 1, 1), persistent=False)

    def forward(self, pixels: Tensor) -> Tensor:
        """(b, 3, h, w) of any number type -> float32."""
        return torch.addcmul(self.offset, pixels.float(), self.scale)


class FrozenBackbone:
    """The part of a pretrained network from images to some nodes, to be run only.

    Args:
        backbone, nodes: as of `BackboneFeatures`; `IMAGES` as the only node runs nothing.
        state: the network's state_dict.
        side: of the images; None: what the network was made for.
    """

    def __init__(
        self, backbone: str, nodes: Sequence[str], state: Mapping[str, Tensor], side: int | None
    ) -> None:
        expected = backbones.preparation(backbone)
        self.side = side or expected.side
        network = backbones.build(backbone, state)
        self._part = nn.Sequential(Standardize(expected), section(network, IMAGES, nodes)).eval()
        self._part.requires_grad_(False).to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def run(self, pixels: NDArray[np.uint8], device: torch.device) -> tuple[Tensor, ...]:
        """The outputs at the nodes for (b, side, side, 3) images, one tensor a node."""
        self._part.to(device)
        given = torch.from_numpy(np.ascontiguousarray(pixels)).to(device)
        with deterministic_cuda(), mixed_precision(device, large=True):
            outputs: tuple[Tensor, ...] = self._part(given.permute(0, 3, 1, 2))
        return outputs


def state_of(backbone: str, given: Weights) -> Mapping[str, Tensor]:
    """A state_dict as it is, or the one in a file that is named, found or fetched.

    Raises:
        InputError, StrataError: as of `weights.obtain` and `weights.read`.
    """
    if isinstance(given, Mapping):
        return given
    path = weights.obtain(backbone, given)
    return weights.read(path.read_bytes(), str(path))


def in_batches(images: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Lists of at most `size` images, read as they are needed."""
    waiting = iter(images)
    while batch := list(islice(waiting, size)):
        yield batch


def border_activations(
    frozen: FrozenBackbone, views: Iterable[ArrayLike], device: torch.device
) -> Iterator[NDArray[np.float16]]:
    """The output at a frozen part's (only) node for batches of images, to train on from there.

    Args:
        frozen: the part of a network that stays as it is.
        views: batches (b, side, side, 3) uint8.

    Yields:
        float16, (b, h, w, channels); (b, 1, 1, channels) where the node gives vectors. Values
        beyond what float16 holds are cut to its range.

    Raises:
        InputError: the node gives neither maps nor vectors, but tokens.
    """
    largest = float(np.finfo(np.float16).max)
    for pixels in views:
        (output,) = frozen.run(np.asarray(pixels, np.uint8), device)
        if output.ndim == 2:
            output = output[:, :, None, None]
        if output.ndim != 4:
            raise InputError(
                f"The node gives {tuple(output.shape[1:])} for an image, which is no map "
                "(channels, h, w).",
                "Take a node of a convolutional network; sections.nodes lists them.",
            )
        limited = output.float().clamp(-largest, largest).half()
        yield limited.permute(0, 2, 3, 1).contiguous().cpu().numpy()
