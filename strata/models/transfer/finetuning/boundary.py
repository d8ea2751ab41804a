"""Activations at the boundary of training: their layout in a network, and as they are kept."""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from strata.errors import InputError
from strata.models.transfer.frozen_backbone import FrozenBackbone
from strata.models.transfer.subgraph import IMAGES, is_channels_last
from strata.models.transfer.subgraph_flops import subgraph_cost


def boundary_shape(backbone: str, node: str, image_size: int) -> tuple[int, ...]:
    """Shape of a node's output for one square image, in the network's layout.

    Raises:
        InputError: no such network or node; images of that size do not pass through; the node
            cuts an image into windows, as inside Swin's blocks.
    """
    (shape,) = subgraph_cost(backbone, IMAGES, [node], image_size).outputs
    return shape


def kept_shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Shape (h, w, channels) in which one image's output of a node is kept: see `keep`."""
    height, width, channels = keep(torch.empty(1, *shape, device="meta")).shape[1:]
    return height, width, channels


def keep(output: Tensor) -> Tensor:
    """Outputs of a node as (b, h, w, channels), a layout that views of any network share.

    Args:
        output: maps (b, channels, h, w), or (b, h, w, channels) as in Swin; tokens
            (b, tokens, channels), which become rows of one column; vectors (b, channels).

    Raises:
        InputError: none of these.
    """
    if output.ndim == 2:
        return output[:, None, None]
    if output.ndim == 3:
        return output[:, :, None]
    if output.ndim != 4:
        raise InputError(
            f"The node gives {tuple(output.shape[1:])} for an image: no map, tokens or vector.",
            "Take the output of a whole block; subgraph.node_names lists nodes.",
        )
    return output if is_channels_last(output.shape) else output.permute(0, 2, 3, 1)


class Restore(nn.Module):
    """Kept activations (b, channels, h, w) in the layout that the network's next layer takes.

    Args:
        shape: of the node's output for one image (`boundary_shape`).
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.axes = len(shape)
        self.channels_last = self.axes == 3 and is_channels_last((1, *shape))

    def forward(self, x: Tensor) -> Tensor:
        """The inverse of `keep`, after its channels were moved to the second axis."""
        if self.axes == 1:
            return x.flatten(1)
        if self.axes == 2:
            return x[..., 0].transpose(1, 2)
        return x.permute(0, 2, 3, 1) if self.channels_last else x


def boundary_activations(
    frozen: FrozenBackbone, views: Iterable[ArrayLike], device: torch.device
) -> Iterator[NDArray[np.float16]]:
    """Activations at the boundary of a frozen part, the inputs of fine-tuning.

    Args:
        frozen: frozen part with one node.
        views: batches (b, image_size, image_size, 3) uint8.
        device: on which it runs.

    Yields:
        float16, (b, h, w, channels) as `keep` makes them. Values beyond float16's range are
        clipped to it.

    Raises:
        InputError: the node gives neither maps nor tokens nor vectors.
    """
    largest = float(np.finfo(np.float16).max)
    for pixels in views:
        (output,) = frozen.run(np.asarray(pixels, np.uint8), device)
        limited = keep(output.float().clamp(-largest, largest).half())
        yield limited.contiguous().cpu().numpy()
