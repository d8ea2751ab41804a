"""Activations at the boundary of training: their layout in a network, and as they are kept."""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from strata.models.transfer.frozen_backbone import FrozenBackbone
from strata.models.transfer.output_layout import as_map
from strata.models.transfer.subgraph import IMAGES
from strata.models.transfer.subgraph_flops import subgraph_cost


def boundary_shape(backbone: str, node: str, image_size: int) -> tuple[int, ...]:
    """Shape of a node's output for one square image: (channels, h, w), (tokens, channels) or
    (channels,).

    Raises:
        InputError: no such network or node; images of that size do not pass through; the node
            gives none of these, as inside the blocks of MaxViT.
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
        output: maps (b, channels, h, w); tokens (b, tokens, channels), which become rows of one
            column; vectors (b, channels).
    """
    if output.ndim == 2:
        return output[:, None, None]
    return output[:, :, None] if output.ndim == 3 else output.permute(0, 2, 3, 1)


class Restore(nn.Module):
    """Kept activations (b, channels, h, w) with the axes that the node's output has.

    Args:
        shape: of the node's output for one image (`boundary_shape`).
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.axes = len(shape)

    def forward(self, x: Tensor) -> Tensor:
        """The inverse of `keep`, after its channels were moved to the second axis."""
        if self.axes == 1:
            return x.flatten(1)
        return x[..., 0].transpose(1, 2) if self.axes == 2 else x


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
    """
    for pixels in views:
        (output,) = frozen.run(np.asarray(pixels, np.uint8), device)
        yield _half_precision(keep(output))


def feature_maps(
    frozen: FrozenBackbone, images: Iterable[ArrayLike], device: torch.device
) -> Iterator[NDArray[np.float16]]:
    """Maps at the node of a frozen part, each position a local descriptor.

    Args:
        frozen, images, device: as of `boundary_activations`. Patch tokens lie in the grid that
            they stand for, without class and register tokens; a vector is a map of one position.

    Yields:
        float16, (b, h, w, channels), clipped to float16's range.

    Raises:
        InputError: tokens that are no square grid.
    """
    (layout,) = frozen.layouts
    for pixels in images:
        (output,) = frozen.run(np.asarray(pixels, np.uint8), device)
        yield _half_precision(as_map(output, layout.canonical).permute(0, 2, 3, 1))


def _half_precision(output: Tensor) -> NDArray[np.float16]:
    largest = float(np.finfo(np.float16).max)
    return output.float().clamp(-largest, largest).half().contiguous().cpu().numpy()
