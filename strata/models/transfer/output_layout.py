"""Layout of a node's output: which of its axes are channels, and which are positions in the image.

Shapes alone do not tell: 96 x 96 x 96 may be channels first (torchvision's convention) or last
(Swin's blocks). So shapes are compared, on torch's meta device, for images of two sizes and batches
of two lengths: an axis that follows the batch is the batch's, one that follows the image's size
holds positions, and one that follows neither holds channels.
"""

import math
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, fx, nn

from strata.errors import InputError
from strata.models.transfer.backbones import outlines_at_sizes
from strata.models.transfer.subgraph import traced

#: Lengths of the batches that are compared.
_BATCHES = (2, 3)
#: Class, distillation and register tokens that a network may have before its patches, at most.
_MOST_PREFIX_TOKENS = 32


class OutputLayout(NamedTuple):
    """Layout of a node's output for a batch of square images.

    Attributes:
        kind: "map": a vector at each position; "tokens": a sequence of them; "vector": one.
        channels: length of a vector.
        order: permutation of the output's axes that makes a map (n, channels, h, w) and tokens
            (n, tokens, channels).
        grid: rows and columns of the patches that the last tokens stand for, row by row; (0, 0) of
            tokens that are no square grid, or in another order.
        prefix_tokens: tokens before them, of the whole image: class, distillation, registers.
        class_token: True if the first of those is a class token.
    """

    kind: Literal["map", "tokens", "vector"]
    channels: int
    order: tuple[int, ...]
    grid: tuple[int, int] = (0, 0)
    prefix_tokens: int = 0
    class_token: bool = False

    @property
    def inverse(self) -> tuple[int, ...]:
        """Permutation that undoes `order`."""
        return tuple(self.order.index(axis) for axis in range(len(self.order)))

    @property
    def canonical(self) -> "OutputLayout":
        """The layout of the output once its axes are permuted."""
        return self._replace(order=tuple(range(len(self.order))))


def as_map(output: Tensor, layout: OutputLayout) -> Tensor:
    """A node's output as a map (n, channels, h, w); patch tokens lie in the grid they stand for.

    Args:
        output: of the layout; a vector is a map of one position.

    Raises:
        InputError: tokens that are no square grid.
    """
    x = output.permute(layout.order)
    if layout.kind == "vector":
        return x[:, :, None, None]
    if layout.kind == "map":
        return x
    if not layout.grid[0]:
        raise InputError(
            f"{x.shape[1]} tokens are no square grid of patches.",
            "Take the output of a whole block, or a node of another network.",
        )
    return x[:, layout.prefix_tokens :].transpose(1, 2).unflatten(2, layout.grid)


def node_layouts(network: nn.Module, larger: nn.Module, image_size: int) -> dict[str, OutputLayout]:
    """Layouts of the outputs of a network's nodes.

    Args:
        network: on the meta device, in evaluation mode, for images of `image_size` pixels.
        larger: the same for images of twice the size; `network` itself where it takes them.
        image_size: width and height.

    Returns:
        by the names of nodes; those are absent that give neither maps nor tokens nor vectors for
        each image: numbers, windows that count as images, matrices of attention. So are maps and
        tokens where images of twice the size do not pass.
    """
    has_class = any(_is_class_token(name) for name, _ in network.named_parameters())
    shuffled = any(type(m).__name__ == "Unroll" for m in network.modules())  # Hiera's tokens
    graph = traced(network)
    small = _shapes(graph, _BATCHES[0], image_size)
    large = _shapes(graph if larger is network else traced(larger), _BATCHES[1], 2 * image_size)
    found = {}
    for name, shape in small.items():
        layout = _layout(shape, large.get(name))
        if layout is not None:
            class_token = has_class and layout.prefix_tokens > 0
            found[name] = layout._replace(
                class_token=class_token, grid=(0, 0) if shuffled else layout.grid
            )
    return found


@cache
def backbone_layouts(backbone: str, image_size: int) -> Mapping[str, OutputLayout]:
    """`node_layouts` of a pretrained network by name.

    Raises:
        InputError: no such network, or one that takes no images of that size.
    """
    network, larger = outlines_at_sizes(backbone, (image_size, 2 * image_size))
    return node_layouts(network, larger, image_size)


def _is_class_token(name: str) -> bool:
    last = name.rpartition(".")[2]
    return last.startswith(("cls_token", "class_token"))


def _shapes(graph: fx.GraphModule, batch: int, image_size: int) -> dict[str, tuple[int, ...]]:
    """Shapes of the tensors that a network's nodes give, as far as it can be computed."""
    reader = _ShapeReader(graph)
    try:
        with torch.no_grad():
            reader.run(torch.empty(batch, 3, image_size, image_size, device="meta"))
    except (RuntimeError, AssertionError, ValueError, TypeError):
        pass  # images of that size pass only so far
    return reader.shapes


class _ShapeReader(fx.Interpreter):
    """Interpreter that keeps the shape of every node's output."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.shapes: dict[str, tuple[int, ...]] = {}

    def run_node(self, n: fx.Node) -> Any:
        """Compute a node."""
        result = super().run_node(n)
        if isinstance(result, Tensor):
            self.shapes[n.meta["path"]] = tuple(result.shape)
        return result


def _layout(small: tuple[int, ...], large: tuple[int, ...] | None) -> OutputLayout | None:
    """Layout of an output by its shapes at two sizes of images; None where it is of no kind."""
    axes = len(small)
    if axes == 2 and small[0] == _BATCHES[0] and (large is None or large[0] == _BATCHES[1]):
        return OutputLayout("vector", small[1], (0, 1))
    if large is None or len(large) != axes or not axes:
        return None
    if (small[0], large[0]) != _BATCHES:
        return None
    places = [axis for axis in range(1, axes) if small[axis] != large[axis]]
    if axes == 3 and len(places) == 1:
        (place,) = places
        grid, prefix = _token_grid(small[place], large[place])
        return OutputLayout("tokens", small[3 - place], (0, place, 3 - place), grid, prefix)
    if axes == 3 and small[1] == 1:  # one token of the whole image
        return OutputLayout("tokens", small[2], (0, 1, 2))
    if axes == 4 and not places:  # pooled to a fixed size
        places = [1, 2] if small[1] == small[2] != small[3] else [2, 3]
        return _map_layout(small, places) if small[places[0]] == small[places[1]] else None
    if axes == 4 and len(places) == 2:
        sides = {(small[axis], large[axis]) for axis in places}
        if len(sides) == 1 and _is_side(*sides.pop()):
            return _map_layout(small, places)
    return None


def _map_layout(shape: tuple[int, ...], places: list[int]) -> OutputLayout:
    """Layout of a map whose positions are on two axes, rows before columns."""
    (channels,) = {1, 2, 3} - set(places)
    return OutputLayout("map", shape[channels], (0, channels, *places))


def _is_side(small: int, large: int) -> bool:
    """True for sides of a map, which double with the image's; numbers of tokens are fourfold."""
    return small == 1 or large < 3 * small


def _token_grid(small: int, large: int) -> tuple[tuple[int, int], int]:
    """Grid of patches among as many tokens at two sizes of images, and the tokens before them."""
    for prefix in range(min(small, _MOST_PREFIX_TOKENS + 1)):
        rows, more = math.isqrt(small - prefix), math.isqrt(large - prefix)
        exact = rows**2 == small - prefix and more**2 == large - prefix
        if exact and 2 * rows <= more <= 2 * rows + 1:
            return (rows, rows), prefix
    return (0, 0), 0
